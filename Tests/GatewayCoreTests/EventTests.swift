import Domain
import GatewayCore
import HTTPTypes
import Hummingbird
import Synchronization
import TestKit
import Testing

/// Streams of events, through the router.
@Suite(.timeLimit(.minutes(1))) struct EventTests {
    @Test("With a duration of 0 the stream hands over what there is, from any event on, without gap or double")
    func catchingUp() async throws {
        let harness = await Self.harness(people: 4)
        for other in 2...4 {
            try await harness.record(.like, 1, other)
            try await harness.record(.like, other, 1)
        }
        try await harness.record(.unmatch, 3, 1)
        let all = await harness.get("/api/v1/users/1/events?after=0-0&duration=0", token: "user:1")
        #expect(all.status == 200)
        #expect(all.header("Content-Type") == "text/event-stream")
        #expect(all.header("Cache-Control") == "no-store")
        #expect(all.header("X-Accel-Buffering") == "no")
        #expect(all.text.hasPrefix("retry: 2000\nid: 0-0\n\n"))
        #expect(all.events.map(\.kind) == ["match", "match", "match", "unmatch"])
        #expect(all.events.map(\.other) == [2, 3, 4, 3])
        for (index, event) in all.events.enumerated() {
            let rest = await harness.get(
                "/api/v1/users/1/events?duration=0&after=0-0", token: "user:1", headers: ["Last-Event-ID": event.id])
            #expect(rest.events == Array(all.events.dropFirst(index + 1)))
        }
        let fresh = await harness.get("/api/v1/users/1/events?duration=0", token: "user:1")
        #expect(fresh.events.isEmpty)
    }

    @Test("Who liked a user is told to services alone")
    func likes() async throws {
        let harness = await Self.harness(people: 3)
        try await harness.record(.like, 2, 1)
        try await harness.record(.superLike, 3, 1)
        try await harness.record(.like, 1, 3)
        let path = "/api/v1/users/1/events?after=0-0&duration=0"
        #expect(await harness.get(path).events.map(\.kind) == ["like", "super_like", "match"])
        #expect(await harness.get(path, token: "user:1").events.map(\.kind) == ["match"])
        #expect(await harness.get(path, token: "user:2").status == 403)
        #expect(await harness.get(path, token: nil).status == 401)
    }

    @Test("What can't be followed is refused")
    func refusals() async throws {
        let harness = await Self.harness(people: 1)
        #expect(await harness.get("/api/v1/users/9/events?duration=0").status == 404)
        for text in ["x", "1", "1-", "-1-2", "1-2-3", "1-99999999999999999999"] {
            let after = await harness.get("/api/v1/users/1/events?duration=0&after=\(text)")
            #expect(after.status == 422)
            #expect(after.faults == ["query.after"])
            let header = await harness.get("/api/v1/users/1/events?duration=0", headers: ["Last-Event-ID": text])
            #expect(header.faults == ["header.Last-Event-ID"])
        }
    }

    @Test("An open stream tells both sides as it happens, nothing of a blocked person, and ends when the gateway drains")
    func live() async throws {
        let harness = await Self.harness(people: 3)
        try await harness.serving {
            let (first, second) = (harness.follow(1, token: "user:1"), harness.follow(2, token: "user:2"))
            #expect(await eventually { first.hasBegun && second.hasBegun })
            try await harness.record(.like, 1, 2)
            try await harness.record(.like, 2, 1)
            #expect(await eventually { first.events.map(\.other) == [2] && second.events.map(\.other) == [1] })
            try await harness.record(.block, 1, 3)
            try await harness.record(.like, 3, 1)
            try await harness.record(.like, 1, 3)
            try await harness.record(.unmatch, 1, 2)
            #expect(await eventually { first.events.count == 2 && second.events.count == 2 })
            #expect(first.events.map(\.kind) == ["match", "unmatch"])
            harness.application.beginDraining()
            #expect(await eventually { first.isFinished && second.isFinished })
            #expect(await harness.get("/api/v1/users/1/events?duration=0").status == 503)
        }
    }

    @Test("A stream on which nothing happens says that it is there, and ends with its token")
    func heartbeat() async throws {
        let harness = await Self.harness(people: 1)
        try await harness.serving {
            let stream = harness.follow(1, token: "user:1:duet:1800000100")
            #expect(await eventually { stream.hasBegun })
            #expect(!stream.text.contains("\n:\n\n"))
            harness.clock.advance(.seconds(6))
            #expect(await eventually { stream.text.hasSuffix("\n:\n\n") })
            harness.clock.advance(.seconds(200))
            #expect(await eventually { stream.isFinished })
        }
    }

    @Test("A stream with a duration ends when it is over")
    func duration() async throws {
        let harness = await Self.harness(people: 1)
        try await harness.serving {
            let stream = harness.follow(1, token: "user:1", "?duration=60")
            #expect(await eventually { stream.hasBegun })
            harness.clock.advance(.seconds(59))
            #expect(await eventually { stream.text.hasSuffix("\n:\n\n") })
            #expect(!stream.isFinished)
            harness.clock.advance(.seconds(1))
            #expect(await eventually { stream.isFinished })
        }
    }

    @Test("Streams are bounded, of a person and in all; a client that leaves makes room")
    func bounds() async throws {
        let harness = await Self.harness(people: 3) { configuration in
            configuration.eventStreams.streams = 3
            configuration.eventStreams.perPerson = 2
        }
        try await harness.serving {
            let streams = [harness.follow(1), harness.follow(1)]
            #expect(await eventually { streams.allSatisfy(\.hasBegun) })
            let full = await harness.get("/api/v1/users/1/events?duration=0")
            #expect(full.status == 429)
            #expect(full.header("Retry-After") != nil)
            let third = harness.follow(2)
            #expect(await eventually { third.hasBegun })
            let crowded = await harness.get("/api/v1/users/3/events?duration=0")
            #expect(crowded.status == 503)
            #expect(crowded.header("Retry-After") != nil)
            streams[0].leave()
            #expect(await eventually { await harness.get("/api/v1/users/3/events?duration=0").status == 200 })
        }
    }

    @Test("A store that was away costs time and no event")
    func storeAway() async throws {
        let harness = await Self.harness(people: 2)
        try await harness.serving {
            let stream = harness.follow(1)
            #expect(await eventually { stream.hasBegun })
            harness.events.fail(with: RepositoryError(.unavailable))
            #expect(await harness.get("/api/v1/users/1/events?duration=0").status == 503)
            harness.events.fail(with: nil)
            try await harness.record(.like, 1, 2)
            try await harness.record(.like, 2, 1)
            #expect(await eventually { stream.events.map(\.kind) == ["like", "match"] })
        }
    }

    /// - Parameter people: Known to the profiles and to the events.
    static func harness(people: Int, configure: (inout GatewayConfiguration) -> Void = { _ in }) async -> Harness {
        let harness = await Harness(people: people, configure: configure)
        for user in harness.store.state.withLock({ Array($0.users.values) }) { harness.events.insert(user) }
        return harness
    }
}

extension Harness {
    @discardableResult func record(_ kind: InteractionKind, _ user: Int, _ target: Int) async throws -> RecordedInteraction {
        try await self.events.record(NewInteraction(userID: UserID(Int64(user)), targetUserID: UserID(Int64(target)), kind: kind))
    }

    /// Runs what runs in the background while `body` does, and ends the streams that are left.
    func serving(_ body: () async throws -> Void) async throws {
        try await withThrowingDiscardingTaskGroup { group in
            group.addTask { await self.application.runBackground() }
            try await body()
            self.application.beginDraining()
            group.cancelAll()
        }
    }

    func follow(_ person: Int, token: String = Harness.service, _ query: String = "") -> FollowedStream {
        FollowedStream(self, "/api/v1/users/\(person)/events\(query)", token: token)
    }
}

/// A stream that is read as it comes.
final class FollowedStream: Sendable {
    private final class Collector: ResponseBodyWriter, Sendable {
        let state = Mutex((bytes: [UInt8](), isFinished: false))

        func write(_ buffer: ByteBuffer) async throws {
            try Task.checkCancellation()
            self.state.withLock { $0.bytes += Array(buffer.readableBytesView) }
        }
        func finish(_ trailingHeaders: HTTPFields?) async throws { self.state.withLock { $0.isFinished = true } }
    }

    private let collector = Collector()
    private let reading: Task<Void, any Error>

    init(_ harness: Harness, _ path: String, token: String) {
        // Ends with the stream, or when the test leaves it.
        self.reading = Task { [collector] in
            let head = HTTPRequest(
                method: .get, scheme: "http", authority: "test", path: path, headerFields: [.authorization: "Bearer \(token)"])
            let response = await harness.application.respond(to: Request(head: head, body: RequestBody(buffer: ByteBuffer())))
            try await response.body.write(collector)
        }
    }

    var text: String { String(decoding: self.collector.state.withLock { $0.bytes }, as: UTF8.self) }
    var hasBegun: Bool { !self.text.isEmpty }
    var isFinished: Bool { self.collector.state.withLock { $0.isFinished } }
    var events: [StreamedEvent] { StreamedEvent.all(in: self.text) }
    func leave() { self.reading.cancel() }
}

/// One event as a client reads it.
struct StreamedEvent: Hashable, Sendable {
    var kind: String
    var id: String
    var person: Int64?
    var other: Int64?

    static func all(in text: String) -> [StreamedEvent] {
        text.split(separator: "\n\n").compactMap { block in
            var fields: [Substring: Substring] = [:]
            for line in block.split(separator: "\n") {
                let parts = line.split(separator: ":", maxSplits: 1)
                if parts.count == 2 { fields[parts[0]] = parts[1].drop { $0 == " " } }
            }
            guard let kind = fields["event"], let id = fields["id"], let data = fields["data"],
                let json = try? JSONParser.parse(Array(data.utf8)), json["type"]?.string == String(kind)
            else { return nil }
            return StreamedEvent(
                kind: String(kind), id: String(id), person: json["user_id"]?.integer, other: json["other_user_id"]?.integer)
        }
    }
}

extension Answer {
    var events: [StreamedEvent] { StreamedEvent.all(in: self.text) }
}
