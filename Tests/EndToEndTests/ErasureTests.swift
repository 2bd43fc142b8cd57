import Foundation
import Testing

/// A person leaves: nothing of them may be found anywhere afterwards, by anybody who looks into every store.
@Suite("Erasure", .serialized)
struct ErasureTests {
    private static let installation = Result { try Installation() }
    private let duet: Installation
    private let http: HTTPClient

    /// Words that stand nowhere else.
    private static let (name, bio, place) = ("Xanthippe Quuxworthy", "Collects zymurgical astrolabes", "Llanfairpwllgwyngyll")

    init() throws {
        self.duet = try Self.installation.get()
        self.http = self.duet.client()
    }

    @Test("Every store forgets the person, and the receipt says when")
    func everywhere() throws {
        // Somebody asked for the place before the person lived there: a list without them, which nothing removes.
        #expect(try self.http.get("/api/v1/recommendations/users/61/recommendations?location=\(Self.place)").status == 200)
        let body =
            #"{"name":"\#(Self.name)","age":33,"gender":"female","location":"\#(Self.place)","bio":"\#(Self.bio)","interests":["astrolabes"]}"#
        let created = try self.http.request("POST", "/api/v1/users/", body: body, headers: ["Idempotency-Key": "e1"])
        let id = try #require(created.object["id"] as? Int)
        let like = try self.http.request(
            "POST", "/api/v1/interactions/", body: #"{"user_id":\#(id),"target_user_id":1,"interaction_type":"like"}"#,
            headers: ["Idempotency-Key": "e2"])
        #expect(like.status == 201)
        // Into the lists of others, and the features that make them.
        try eventually(within: 20, "the newcomer is shown to somebody") {
            for viewer in 1...60 {
                let answer = try self.http.get("/api/v1/recommendations/users/\(viewer)/recommendations?limit=100&location=\(Self.place)")
                let shown = (answer.object["recommendations"] as? [[String: Any]] ?? []).compactMap { $0["id"] as? Int }
                if shown.contains(id) { return true }
            }
            return false
        }
        #expect(try self.http.get("/api/v1/recommendations/users/\(id)/recommendations").status == 200)
        let export = try self.http.get("/api/v1/users/\(id)/export")
        #expect(String(decoding: export.body, as: UTF8.self).contains(Self.bio))
        #expect(try self.duet.databaseContent().contains(Self.name))
        #expect(try self.duet.cacheContent().contains(Self.name))

        let erased = try self.http.request("DELETE", "/api/v1/users/\(id)")
        #expect(erased.status == 204)
        let receipt = try #require(erased.headers["location"])
        let seconds = try eventually(within: 15, "the receipt is completed") {
            try self.http.get(receipt).object["status"] as? String == "completed"
        }
        #expect(seconds < 15)

        for (store, content) in [
            ("the database", try self.duet.databaseContent()), ("the cache", try self.duet.cacheContent()), ("the logs", try self.duet.logs()),
        ] {
            for word in [Self.name, Self.bio, Self.place] { #expect(!content.contains(word), "\(word) is still in \(store)") }
        }
        #expect(try self.http.get("/api/v1/users/\(id)").status == 404)
        #expect(try self.http.get("/api/v1/recommendations/users/\(id)/recommendations").status == 404)
        #expect(try self.http.get("/api/v1/users/?q=astrolabes").array.isEmpty)
        for viewer in 1...10 {
            let answer = try self.http.get("/api/v1/recommendations/users/\(viewer)/recommendations?limit=100&exclude_seen=false")
            #expect(!(answer.object["recommendations"] as? [[String: Any]] ?? []).contains { $0["id"] as? Int == id })
        }
        // What was remembered for the key is gone: nobody is told the name again.
        let again = try self.http.request(
            "POST", "/api/v1/interactions/", body: #"{"user_id":\#(id),"target_user_id":1,"interaction_type":"like"}"#,
            headers: ["Idempotency-Key": "e2"])
        #expect(again.status == 404)
    }
}
