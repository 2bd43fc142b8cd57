import Dispatch
import Domain
import FeatureSvcCore
import Glibc
import InMemory
import Logging
import Mesh
import MeshAPI
import Models
import RankingSvcCore
import Synchronization
import Telemetry

/// Prints microseconds of processor time a call, the best of five runs each, and a checksum of the answers.
@main struct Main {
    static func main() {
        let numbers = CommandLine.arguments.dropFirst().compactMap { Int($0) }
        let people = max(1000, numbers.first ?? 20_000)
        let rounds = max(1, numbers.dropFirst().first ?? 500)
        // The main thread waits instead of becoming a thread of the pool, which callgrind can't follow.
        let isOver = DispatchSemaphore(value: 0)
        Task.detached {
            do { try await Self.run(people: people, rounds: rounds) } catch { print("failed: \(error)") }
            isOver.signal()
        }
        isOver.wait()
    }

    static func run(people: Int, rounds: Int) async throws {
        let community = try await Community(people: people)
        let quiet = Logger(label: "bench", factory: { _ in SwiftLogNoOpLogHandler() })
        let store = FeatureStore(
            users: community.store, features: community.store, embeddings: community.store, cache: nil, capacity: people,
            metrics: FeatureMetrics(MetricsRegistry()), logger: quiet)
        let updater = StoreUpdater(
            store: store, log: community.store, models: community.store, changes: { AsyncStream { $0.finish() } }, logger: quiet)
        try await updater.catchUp()
        try await updater.loadActiveFactors()
        let models = ModelStore(repository: community.store, logger: quiet)
        try await models.refresh()
        let features = FeaturesOverWire(FeatureServer(store: store))
        let clock = Mutex(ContinuousClock.now)
        let server = RankingServer(
            models: models, features: features, metrics: MetricsRegistry(), now: { Community.now }, clock: { clock.withLock { $0 } })
        let requests = try community.requests(200)
        let context = CallContext(deadline: .never)

        print("\(people) people, 300 candidates, uniformly drawn: the least helpful to caches")
        try await Self.measure("getFeatures", rounds) { index in
            let request = try RankRequest(bytes: requests[index % requests.count])
            _ = try await features.features(community.featureRequest(request), deadline: .never)
        } cost: {
            features.cost(over: rounds)
        }
        // Each call comes long after the last one, or 3 ms after it.
        for (name, pause) in [("rank, nobody at hand", Duration.seconds(10)), ("rank, 3 ms after the last", .milliseconds(3))] {
            try await Self.measure(name, rounds) { index in
                clock.withLock { $0 += pause }
                _ = try await server.rank(RankRequest(bytes: requests[index % requests.count]), context: context).packed()
            } cost: {
                features.cost(over: rounds)
            }
        }
        var checksum: UInt64 = 0xCBF2_9CE4_8422_2325
        for request in requests {
            for byte in try await server.rank(RankRequest(bytes: request), context: context).packed() {
                checksum = (checksum ^ UInt64(byte)) &* 0x100_0000_01B3
            }
        }
        print("answers: \(String(checksum, radix: 16))")
    }

    /// - Parameter cost: What getFeatures had of it, and is measured apart.
    private static func measure(
        _ name: String, _ rounds: Int, _ call: (Int) async throws -> Void, cost: () -> (microseconds: Double, bytes: Int)
    ) async throws {
        var best: (own: Double, features: Double, bytes: Int)?
        for _ in 0..<5 {
            _ = cost()
            let start = ProcessorTime.now
            for index in 0..<rounds { try await call(index) }
            let all = (ProcessorTime.now - start) / Double(rounds)
            let features = cost()
            if all < (best.map { $0.own + $0.features } ?? .infinity) { best = (all - features.microseconds, features.microseconds, features.bytes) }
        }
        guard let best else { return }
        print("\(name): \(Int(best.own)) us of its own, \(Int(best.features)) us in the feature service, \(best.bytes) bytes of features")
    }
}

/// Processor time of this process.
enum ProcessorTime {
    /// In microseconds.
    static var now: Double {
        var time = timespec()
        unsafe clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return Double(time.tv_sec) * 1e6 + Double(time.tv_nsec) / 1e3
    }
}

/// The feature service behind its wire format, with its processor time kept apart.
final class FeaturesOverWire: FeatureProvider {
    private let server: FeatureServer
    private let spent = Mutex((microseconds: 0.0, bytes: 0))

    init(_ server: FeatureServer) { self.server = server }

    func features(_ request: GetFeaturesRequest, deadline: Deadline) async throws(MeshError) -> GetFeaturesResponse {
        let bytes = try request.packed()
        let start = ProcessorTime.now
        let answer: [UInt8]
        do {
            answer = try await self.server.getFeatures(GetFeaturesRequest(bytes: bytes), context: CallContext(deadline: .never)).packed()
        } catch {
            throw error as? MeshError ?? MeshError(.internal, "\(error)")
        }
        let time = ProcessorTime.now - start
        self.spent.withLock { $0 = ($0.microseconds + time, $0.bytes + answer.count) }
        return try GetFeaturesResponse(bytes: answer)
    }

    /// Per call since the last time that this was asked.
    func cost(over calls: Int) -> (microseconds: Double, bytes: Int) {
        self.spent.withLock { spent in
            defer { spent = (0, 0) }
            return (spent.microseconds / Double(calls), spent.bytes / calls)
        }
    }
}
