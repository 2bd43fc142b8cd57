internal import Synchronization

/// What the gateway depends on, asked again and again in the background so that a health request costs nothing.
public final class DependencyMonitor: Sendable {
    /// Names of the checks as they are shown.
    public enum Name {
        public static let database = "database"
        public static let redis = "redis"
        public static let candidates = "candidate_service"
        public static let ranking = "ranking_service"
        public static let features = "feature_service"
        /// The whole path of a recommendation: not asked but concluded from the others.
        public static let recommendations = "recommendation_service"
        static let all = [database, redis, candidates, ranking, features]
    }

    /// One dependency at the time of the last look.
    public struct State: Hashable, Sendable {
        public var name: String
        /// A sentence that says what is wrong; `nil` when it is well.
        public var failure: String?

        public var isHealthy: Bool { self.failure == nil }

        public init(name: String, failure: String?) {
            self.name = name
            self.failure = failure
        }
    }

    public typealias Probe = @Sendable () async -> [State]

    private let probe: Probe
    private let latest: Mutex<[State]>

    /// - Parameter probe: Asks all dependencies at once.
    public init(probe: @escaping Probe) {
        self.probe = probe
        self.latest = Mutex(Name.all.map { State(name: $0, failure: "not asked yet") })
    }

    /// Looks every `interval` until cancelled.
    public func run(interval: Duration = .milliseconds(500)) async {
        while !Task.isCancelled {
            await self.look()
            try? await Task.sleep(for: interval)
        }
    }

    public func look() async {
        let states = await self.probe()
        self.latest.withLock { $0 = states }
    }

    /// All dependencies and what follows from them, in a fixed order.
    public var states: [State] {
        let states = self.latest.withLock { $0 }
        let broken = states.filter { !$0.isHealthy && $0.name != Name.redis }.map(\.name)
        let conclusion = broken.isEmpty ? nil : "degraded without \(broken.joined(separator: ", "))"
        return states + [State(name: Name.recommendations, failure: conclusion)]
    }

    /// Whether anything sensible can be served: only the database has no stand-in.
    public var canServe: Bool {
        self.latest.withLock { states in states.contains { $0.name == Name.database && $0.isHealthy } }
    }
}
