import Domain
import GatewayCore
import Synchronization

/// Revocations in memory.
final class FakeRevocations: RevocationStore {
    private let entries = Mutex<(list: [Revocation], isAway: Bool)>(([], false))

    func setAway(_ isAway: Bool) { self.entries.withLock { $0.isAway = isAway } }

    func revocations(limit: Int) async throws(RepositoryError) -> [Revocation] {
        let (list, isAway) = self.entries.withLock { $0 }
        if isAway { throw RepositoryError(.unavailable) }
        return list
    }

    func revoke(_ revocation: Revocation) async throws(RepositoryError) {
        if self.entries.withLock({ $0.isAway }) { throw RepositoryError(.unavailable) }
        self.entries.withLock { $0.list.append(revocation) }
    }

    func changes(interval: Duration) -> AsyncStream<Void> { AsyncStream { $0.finish() } }
}

/// Buckets in memory, filled by the clock that it is given.
final class FakeRateLimits: RateLimitStore {
    private struct State {
        var fullAt: [String: Double] = [:]
        var calls = 0
        var isAway = false
    }

    private let state = Mutex(State())
    private let now: @Sendable () -> Timestamp

    init(now: @escaping @Sendable () -> Timestamp) { self.now = now }

    var calls: Int { self.state.withLock { $0.calls } }
    func setAway(_ isAway: Bool) { self.state.withLock { $0.isAway = isAway } }

    func lease(_ key: String, _ policy: RateLimitPolicy, wanted: Int, minimum: Int) async throws(RepositoryError) -> RateLimitLease {
        try self.state.withLock { (state) throws(RepositoryError) in
            state.calls += 1
            if state.isAway { throw RepositoryError(.unavailable) }
            let now = Double(self.now().rawValue) / 1e6
            let start = max(now, state.fullAt[key] ?? now)
            let room = Int((Double(policy.burst) - (start - now) * policy.rate + 1e-6).rounded(.down))
            guard room >= minimum else {
                return RateLimitLease(
                    granted: 0, remaining: room,
                    retryAfter: .seconds((start - now) - Double(policy.burst - minimum) / policy.rate))
            }
            let granted = min(room, wanted)
            state.fullAt[key] = start + Double(granted) / policy.rate
            return RateLimitLease(granted: granted, remaining: room - granted, retryAfter: .zero)
        }
    }
}

/// Copies that only count.
final class FakeCopies: CopyMaintenance {
    private let state = Mutex((removed: [UserID](), flushes: 0, isAway: false))

    var removed: [UserID] { self.state.withLock { $0.removed } }
    var flushes: Int { self.state.withLock { $0.flushes } }
    func setAway(_ isAway: Bool) { self.state.withLock { $0.isAway = isAway } }

    func removeCopies(of user: UserID) async throws(RepositoryError) -> Int {
        if self.state.withLock({ $0.isAway }) { throw RepositoryError(.unavailable) }
        self.state.withLock { $0.removed.append(user) }
        return 1
    }

    func flush() async throws(RepositoryError) -> Int {
        if self.state.withLock({ $0.isAway }) { throw RepositoryError(.unavailable) }
        self.state.withLock { $0.flushes += 1 }
        return 7
    }
}

/// Replicas that know whom they are told to know.
final class FakeReplicas: ReplicaDirectory {
    private let known = Mutex<Set<UserID>>([])

    func setKnown(_ people: Set<UserID>) { self.known.withLock { $0 = people } }

    var replicas: [MeshReplica] {
        [
            MeshReplica(
                service: "candidate", name: "candidate-1", processID: 7, version: "1", inFlight: 0, latency: .microseconds(120), isReady: true)
        ]
    }

    func holders(of user: UserID) async -> [String] { self.known.withLock { $0.contains(user) } ? ["candidate-1"] : [] }
}
