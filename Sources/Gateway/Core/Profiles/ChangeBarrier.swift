internal import Domain
internal import Synchronization

/// Learns what was announced, for many at once: whoever comes while a question is under way waits for the next one, which all who wait share.
/// So nobody uses an answer to a question that was asked before they came.
final class ChangeBarrier: Sendable {
    private struct State {
        var isAsking = false
        var waiting: [CheckedContinuation<Bool, Never>] = []
    }

    private let cache: any RecommendationCache
    private let state = Mutex(State())

    init(cache: any RecommendationCache) { self.cache = cache }

    /// Returns when everything is learnt that was announced before the call.
    /// - Returns: False when it could not be.
    func pass(_ position: @escaping @Sendable () -> ChangePosition?, _ learn: @escaping @Sendable (ChangedPeople) -> Void) async -> Bool {
        await withCheckedContinuation { continuation in
            let isFirst = self.state.withLock { state in
                state.waiting.append(continuation)
                defer { state.isAsking = true }
                return !state.isAsking
            }
            guard isFirst else { return }
            // Ends by itself when nobody waits any more, at the latest with the cache's own time-outs.
            Task { await self.ask(position, learn) }
        }
    }

    private func ask(_ position: @Sendable () -> ChangePosition?, _ learn: @Sendable (ChangedPeople) -> Void) async {
        while true {
            let waiting = self.state.withLock { state in
                defer { state.waiting = [] }
                state.isAsking = !state.waiting.isEmpty
                return state.waiting
            }
            guard !waiting.isEmpty else { return }
            let news = await self.cache.changedPeople(since: position())
            if let news { learn(news) }
            for continuation in waiting { continuation.resume(returning: news != nil) }
        }
    }
}
