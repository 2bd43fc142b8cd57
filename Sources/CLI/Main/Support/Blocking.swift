import Dispatch

/// Runs long computations on a thread of their own, away from the cooperative pool.
enum Blocking {
    private static let queue = DispatchQueue(label: "duet.blocking", attributes: .concurrent)

    static func run<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws -> Result {
        try await withCheckedThrowingContinuation { continuation in
            self.queue.async { continuation.resume(with: Swift.Result(catching: body)) }
        }
    }
}
