import Domain
import GatewayCore
import HTTPTypes
import Hummingbird
import Synchronization

/// One answer, read.
struct Answer: Sendable {
    let status: Int
    let headers: HTTPFields
    let json: JSONValue

    init(_ response: Response) async {
        self.status = response.status.code
        self.headers = response.headers
        let collector = Collector()
        try? await response.body.write(collector)
        self.json = (try? JSONParser.parse(collector.bytes.withLock { $0 })) ?? .null
    }

    private final class Collector: ResponseBodyWriter, Sendable {
        let bytes = Mutex<[UInt8]>([])
        func write(_ buffer: ByteBuffer) async throws { self.bytes.withLock { $0 += Array(buffer.readableBytesView) } }
        func finish(_ trailingHeaders: HTTPFields?) async throws {}
    }

    var people: [JSONValue] { self.json["recommendations"]?.array ?? [] }
    var ids: [UserID] { self.people.compactMap { $0["id"]?.integer.map { UserID($0) } } }
    /// Of those who have one.
    var matchScores: [Double] { self.people.compactMap { $0["match_score"]?.double } }
    /// `nil` where the answer is no list.
    var degraded: [String]? { self.json["degraded"]?.array?.compactMap(\.string) }
    var version: String? { self.json["algorithm_version"]?.string }
    var cursor: String? { self.json["next_cursor"]?.string }

    /// Why a person is on the list.
    func explanation(of person: UserID) -> JSONValue? { self.json["explanations"]?["\(person)"] }

    /// Whether each person is shown with the profile that the store holds.
    func shows(_ users: [User]) -> Bool {
        self.people.count == users.count
            && zip(self.people, users).allSatisfy { shown, user in
                shown["id"]?.integer == user.id.rawValue && shown["name"]?.string == user.name
                    && shown["age"]?.integer == user.age.map { Int64($0) } && shown["gender"]?.string == user.gender?.rawValue
                    && shown["location"]?.string == user.location && shown["bio"]?.string == user.bio
                    && shown["interests"]?.array?.compactMap(\.string) == user.interests
            }
    }
}

extension JSONValue {
    /// The numbers among an object's values.
    var numbers: [Double] {
        guard case .object(let members) = self else { return [] }
        return members.compactMap(\.value.double)
    }
}
