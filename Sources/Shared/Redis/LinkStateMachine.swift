/// Whether there is a connection, and what a caller gets while there is none. No I/O and no clock.
package struct LinkStateMachine {
    private enum State {
        /// Callers may wait for the first connection, and for one that follows a working one at once.
        case idle
        case connecting(failures: Int)
        case ready
        case backingOff(failures: Int, RedisError)
        case shutDown
    }

    private var state = State.idle

    package init() {}

    package var isReady: Bool {
        guard case .ready = self.state else { return false }
        return true
    }

    package var isConnecting: Bool {
        guard case .connecting = self.state else { return false }
        return true
    }

    /// What a new call fails with at once; `nil` lets it wait. While attempts keep failing nobody waits for the next one.
    package var rejection: RedisError? {
        switch self.state {
        case .idle, .connecting(failures: 0), .ready: nil
        case .connecting: RedisError(.unavailable, "the server can't be reached")
        case .backingOff(_, let error): RedisError(.unavailable, error.message)
        case .shutDown: .shutDown
        }
    }

    /// - Returns: Whether an attempt is to be made now.
    package mutating func connect() -> Bool {
        switch self.state {
        case .idle:
            self.state = .connecting(failures: 0)
            return true
        case .backingOff(let failures, _):
            self.state = .connecting(failures: failures)
            return true
        case .connecting, .ready, .shutDown: return false
        }
    }

    package mutating func connected() {
        if case .connecting = self.state { self.state = .ready }
    }

    /// - Returns: The attempt, from 1, whose back-off is to be waited for; `nil` if there will be none.
    package mutating func failed(_ error: RedisError) -> Int? {
        switch self.state {
        case .connecting(let failures):
            self.state = .backingOff(failures: failures + 1, error)
            return failures + 1
        case .ready:
            self.state = .backingOff(failures: 1, error)
            return 1
        case .idle, .backingOff, .shutDown: return nil
        }
    }

    package mutating func shutDown() { self.state = .shutDown }
}

/// How long to wait before the next attempt: doubling from 20 ms to 1 s, the last half of it random, so that many clients don't come
/// at once.
enum RedisBackoff {
    static func delay(attempt: Int, using generator: inout some RandomNumberGenerator) -> Duration {
        let ceiling = min(1000, 20 << min(attempt - 1, 6))
        return .milliseconds(Int.random(in: (ceiling / 2)...ceiling, using: &generator))
    }
}
