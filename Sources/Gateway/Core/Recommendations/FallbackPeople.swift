internal import Domain
internal import Synchronization

/// People who were proposed as popular lately: whom to show when stage 1 is away.
final class FallbackPeople: Sendable {
    private static let capacity = 1000

    /// Newest last.
    private let popular = Mutex<[UserID]>([])
    private let sampled = Atomic<UInt64>(0)

    /// Looks at one set in sixteen: what is popular changes slowly.
    func learn(from set: CandidateSet) {
        guard self.sampled.wrappingAdd(1, ordering: .relaxed).oldValue % 16 == 0 else { return }
        let proposed = set.candidates.filter { $0.sources.contains(CandidateSources(.popular)) }.map(\.id)
        guard !proposed.isEmpty else { return }
        let fresh = Set(proposed)
        self.popular.withLock { popular in
            popular.removeAll(where: fresh.contains)
            popular += proposed.reversed()
            if popular.count > Self.capacity { popular.removeFirst(popular.count - Self.capacity) }
        }
    }

    /// Latest first.
    func people(limit: Int) -> [UserID] { self.popular.withLock { Array($0.suffix(limit).reversed()) } }
}
