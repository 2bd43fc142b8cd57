import Synchronization

/// How far a reader of the log is behind it: the age of the newest moment of which the reader certainly has everything.
///
/// Transactions settle out of order and some take long, so "read to the end" is seldom true while others write. Instead an end that was
/// seen is remembered with its time; once the reader has passed it, the reader has all of that moment.
public final class LagWatch: Sendable {
    private struct State {
        var level: ContinuousClock.Instant
        var pending: (end: UInt64, seen: ContinuousClock.Instant)?
    }

    private let state: Mutex<State>
    private let now: @Sendable () -> ContinuousClock.Instant

    public init(now: @escaping @Sendable () -> ContinuousClock.Instant = { .now }) {
        self.now = now
        self.state = Mutex(State(level: now()))
    }

    /// Notes what a look at the log has found.
    ///
    /// - Parameters:
    ///   - end: The log's end, exclusive, as it was at `time` or later.
    ///   - reached: Newest transaction up to which the reader now has everything, inclusive.
    ///   - time: When the look began.
    public func looked(end: UInt64, reached: UInt64, at time: ContinuousClock.Instant) {
        self.state.withLock { state in
            if let pending = state.pending {
                guard reached &+ 1 >= pending.end else { return }
                state.level = pending.seen
            }
            let isLevel = reached &+ 1 >= end
            if isLevel { state.level = time }
            state.pending = isLevel ? nil : (end, time)
        }
    }

    /// Counts from now on, as when another took over the reading meanwhile.
    public func restart() { self.state.withLock { $0 = State(level: self.now()) } }

    public var lag: Duration { self.state.withLock { $0.level.duration(to: self.now()) } }
}
