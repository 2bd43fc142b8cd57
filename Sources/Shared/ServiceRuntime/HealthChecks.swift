import Synchronization

/// What a dependency's check found.
public struct HealthCheckResult: Sendable, Hashable {
    public let name: String
    /// A sentence that says what is wrong; `nil` when the dependency is well.
    public let failure: String?

    public var isHealthy: Bool { self.failure == nil }

    public init(name: String, failure: String?) { (self.name, self.failure) = (name, failure) }
}

/// The dependencies of a process, each asked on its own and at the same time.
public final class HealthChecks: Sendable {
    /// Returns when the dependency is well, throws when it is not.
    public typealias Check = @Sendable () async throws -> Void

    private struct Entry {
        let name: String
        let timeout: Duration
        let check: Check
    }

    private let entries = Mutex<[Entry]>([])
    private let latest = Mutex<[HealthCheckResult]>([])

    public init() {}

    /// Adds a check.
    ///
    /// - Parameter timeout: When an unanswered check counts as failed.
    public func add(_ name: String, timeout: Duration = .seconds(1), _ check: @escaping Check) {
        self.entries.withLock { $0.append(Entry(name: name, timeout: timeout, check: check)) }
    }

    /// Asks all dependencies; takes as long as the slowest, at most its timeout. In the order in which they were added.
    public func run() async -> [HealthCheckResult] {
        let entries = self.entries.withLock { $0 }
        let results = await withTaskGroup(of: (Int, HealthCheckResult).self) { group in
            for (index, entry) in entries.enumerated() {
                group.addTask { (index, await Self.run(entry)) }
            }
            var results: [(Int, HealthCheckResult)] = []
            for await result in group { results.append(result) }
            return results.sorted { $0.0 < $1.0 }.map(\.1)
        }
        self.latest.withLock { $0 = results }
        return results
    }

    /// What the last ``run()`` found; empty before the first.
    public var lastResults: [HealthCheckResult] { self.latest.withLock { $0 } }

    private static func run(_ entry: Entry) async -> HealthCheckResult {
        let answer = OneAnswer<String?>()
        // Neither task is awaited: the first to answer decides. A check that ignores its cancellation ends by its own timeouts.
        let checking = Task {
            do {
                try await entry.check()
                answer.give(nil)
            } catch {
                answer.give(String(describing: error))
            }
        }
        let waiting = Task {
            try? await Task.sleep(for: entry.timeout)
            answer.give("no answer within \(entry.timeout)")
        }
        let failure = await answer.value
        checking.cancel()
        waiting.cancel()
        return HealthCheckResult(name: entry.name, failure: failure)
    }
}

/// A value that is given once; later ones are dropped.
final class OneAnswer<Value: Sendable>: Sendable {
    private enum State {
        case empty
        case waiting(CheckedContinuation<Value, Never>)
        case given(Value)
        case done
    }

    private let state = Mutex(State.empty)

    func give(_ value: Value) {
        let continuation: CheckedContinuation<Value, Never>? = self.state.withLock { state in
            switch state {
            case .empty:
                state = .given(value)
                return nil
            case .waiting(let continuation):
                state = .done
                return continuation
            case .given, .done: return nil
            }
        }
        continuation?.resume(returning: value)
    }

    /// Waits for the value. Asked once.
    var value: Value {
        get async {
            await withCheckedContinuation { continuation in
                let given: Value? = self.state.withLock { state in
                    if case .given(let value) = state {
                        state = .done
                        return value
                    }
                    state = .waiting(continuation)
                    return nil
                }
                if let given { continuation.resume(returning: given) }
            }
        }
    }
}
