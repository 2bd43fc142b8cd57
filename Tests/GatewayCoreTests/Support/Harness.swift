import Domain
import Foundation
import GatewayCore
import HTTPTypes
import Hummingbird
import Logging
import Synchronization
import Telemetry
import TestKit
import Testing

/// The real router and middleware over fakes.
final class Harness: Sendable {
    static let service = "service:tests"

    let store: FakeStore
    let cache = FakeCache()
    let memory = FakeMemory()
    let servingLog = FakeServingLog()
    let candidates = FakeCandidates()
    let ranking = FakeRanking()
    let revocations = FakeRevocations()
    let copies = FakeCopies()
    let replicas = FakeReplicas()
    let mesh = FakeMesh()
    let control = FakeControl()
    /// What streams of events tell of; people and interactions of its own.
    let events = InMemoryStore()
    let rateLimits: FakeRateLimits
    let clock: TestClock
    let application: GatewayApplication

    /// - Parameters:
    ///   - people: How many there are, numbered from 1.
    ///   - isSupervised: Whether somebody keeps the processes running.
    ///   - traces: Records requests.
    init(people: Int = 0, isSupervised: Bool = true, traces: TraceRecorder? = nil, configure: (inout GatewayConfiguration) -> Void = { _ in }) async {
        let clock = TestClock()
        let store = FakeStore(now: { clock.now })
        self.clock = clock
        self.store = store
        store.state.withLock { state in
            for id in 1...max(1, people) where people > 0 {
                state.users[UserID(Int64(id))] = User(
                    id: UserID(Int64(id)), name: "Person \(id)", age: 20 + id % 50, gender: id % 2 == 0 ? .female : .male,
                    location: id % 3 == 0 ? "Oslo" : "Bergen", coordinate: Coordinate(latitude: 60, longitude: Double(id) / 100),
                    bio: nil, interests: ["music", "topic \(id % 5)"], createdAt: clock.now)
            }
            state.models = [
                ModelRecord(
                    version: "m1", schemaVersion: 1, checksum: "", metrics: [:], lineage: [:], createdAt: clock.now, isActive: true),
                ModelRecord(version: "m0", schemaVersion: 1, checksum: "", metrics: [:], lineage: [:], createdAt: clock.now),
            ]
        }
        let ids = people > 1 ? (2...people).map { UserID(Int64($0)) } : []
        self.candidates.state.withLock { $0.set = ids }
        let health = Box()
        var configuration = GatewayConfiguration()
        // Deadlines run on the machine's clock: only tests of them shall meet one, however busy it is.
        configuration.requestBudget = .seconds(60)
        configure(&configuration)
        self.rateLimits = FakeRateLimits(now: { clock.now })
        self.probe = health
        var dependencies = GatewayDependencies(
            users: store, interactions: store, gate: store, models: store, cache: self.cache, servingLog: self.servingLog,
            pairs: store, events: self.events, privacy: store, audit: store, copies: self.copies, replicas: self.replicas,
            idempotency: self.memory, candidates: self.candidates, ranking: self.ranking, keys: FakeKeys(),
            revocations: self.revocations, rateLimits: self.rateLimits, probe: { health.states })
        dependencies.observer = self.mesh
        dependencies.control = isSupervised ? self.control : nil
        dependencies.figures = FakeFigures()
        dependencies.traces = traces
        self.application = GatewayApplication(
            dependencies,
            configuration: configuration, registry: MetricsRegistry(),
            logger: Logger(label: "tests") { _ in SwiftLogNoOpLogHandler() }, now: { clock.now }, instant: { clock.instant })
        await self.application.prepare()
    }

    let probe: Box

    /// What the dependencies answer.
    final class Box: Sendable {
        private let broken = Mutex<Set<String>>([])
        var states: [DependencyMonitor.State] {
            let broken = self.broken.withLock { $0 }
            return ["database", "redis", "candidate_service", "ranking_service", "feature_service"].map {
                .init(name: $0, failure: broken.contains($0) ? "away" : nil)
            }
        }
        func setBroken(_ names: Set<String>) { self.broken.withLock { $0 = names } }
    }

    func send(
        _ method: HTTPRequest.Method, _ path: String, body: String? = nil, token: String? = Harness.service,
        headers: [String: String] = [:], peer: String? = nil
    ) async -> Answer {
        var fields = HTTPFields()
        if let token { fields[.authorization] = "Bearer \(token)" }
        if body != nil { fields[.contentType] = "application/json" }
        for (name, value) in headers { fields[HTTPField.Name(name) ?? .accept] = value.isEmpty ? nil : value }
        let request = Request(
            head: HTTPRequest(method: method, scheme: "http", authority: "test", path: path, headerFields: fields),
            body: RequestBody(buffer: ByteBuffer(string: body ?? "")))
        return await Answer(self.application.respond(to: request, from: peer))
    }

    func get(
        _ path: String, token: String? = Harness.service, headers: [String: String] = [:], peer: String? = nil
    ) async -> Answer {
        await self.send(.get, path, token: token, headers: headers, peer: peer)
    }

    func recommendations(_ query: String = "", of id: Int = 1, explain: Bool = false, token: String? = Harness.service) async -> Answer {
        await self.get("/api/v1/recommendations/users/\(id)/recommendations\(explain ? "/explain" : "")\(query)", token: token)
    }
}

/// A clock that stands still until it is moved.
final class TestClock: Sendable {
    private let moment = Mutex(Timestamp(seconds: 1_800_000_000))

    var now: Timestamp { self.moment.withLock { $0 } }
    /// The same moment as one that is only ever compared.
    var instant: ContinuousClock.Instant { self.start + self.now.since(Self.beginning) }
    private let start = ContinuousClock.now
    private static let beginning = Timestamp(seconds: 1_800_000_000)

    func advance(_ duration: Duration) { self.moment.withLock { $0 = $0.advanced(by: duration) } }
}

/// One answer, read.
struct Answer: Sendable {
    var status: Int
    var headers: HTTPFields
    var bytes: [UInt8]

    init(_ response: Response) async {
        self.status = response.status.code
        self.headers = response.headers
        let writer = Collector()
        try? await response.body.write(writer)
        self.bytes = writer.bytes.withLock { $0 }
    }

    private final class Collector: ResponseBodyWriter, Sendable {
        let bytes = Mutex<[UInt8]>([])
        func write(_ buffer: ByteBuffer) async throws { self.bytes.withLock { $0 += Array(buffer.readableBytesView) } }
        func finish(_ trailingHeaders: HTTPFields?) async throws {}
    }

    var text: String { String(decoding: self.bytes, as: UTF8.self) }
    var json: JSONValue { (try? JSONParser.parse(self.bytes)) ?? .null }
    /// The identifiers of `recommendations`, or of a bare list.
    var ids: [Int64] { ((self.json["recommendations"] ?? self.json).array ?? []).compactMap { $0["id"]?.integer } }
    var degraded: [String] { self.json["degraded"]?.array?.compactMap(\.string) ?? [] }
    /// `loc` of each fault, joined by dots.
    var faults: [String] {
        (self.json["detail"]?.array ?? []).map { field in
            (field["loc"]?.array ?? []).map { $0.string ?? $0.integer.map(String.init) ?? "?" }.joined(separator: ".")
        }
    }

    func header(_ name: String) -> String? { HTTPField.Name(name).flatMap { self.headers[$0] } }
}

extension Request {
    /// A recording with any text as its key, the empty one too.
    static func post(body: String, key: String) -> Request {
        var fields: HTTPFields = [.authorization: "Bearer \(Harness.service)", .contentType: "application/json"]
        if let name = HTTPField.Name("Idempotency-Key") { fields.append(HTTPField(name: name, value: key)) }
        return Request(
            head: HTTPRequest(method: .post, scheme: "http", authority: "test", path: "/api/v1/interactions/", headerFields: fields),
            body: RequestBody(buffer: ByteBuffer(string: body)))
    }
}
