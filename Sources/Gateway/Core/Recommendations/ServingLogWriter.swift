internal import Domain
internal import Logging
internal import Synchronization
internal import Telemetry

/// Collects answered lists and stores them in batches, so that no answer waits for it.
final class ServingLogWriter: Sendable {
    private let repository: any ServingLogRepository
    private let capacity: Int
    private let queue = Mutex<[ServedList]>([])
    private let stored: Counter
    private let dropped: Counter
    private let logger: Logger

    /// - Parameter capacity: Rows that may wait; what comes beyond is dropped and counted.
    init(repository: any ServingLogRepository, registry: MetricsRegistry, capacity: Int = 20_000, logger: Logger) {
        self.repository = repository
        self.capacity = capacity
        self.stored = registry.counter("duet_serving_log_rows_total", "Answered lists by what became of their row.", labels: [("outcome", "stored")])
        self.dropped = registry.counter(
            "duet_serving_log_rows_total", "Answered lists by what became of their row.", labels: [("outcome", "dropped")])
        self.logger = logger
    }

    func append(_ list: ServedList) {
        let hasRoom = self.queue.withLock { queue in
            guard queue.count < self.capacity else { return false }
            queue.append(list)
            return true
        }
        if !hasRoom { self.dropped.increment() }
    }

    /// Stores what has come together every `interval`, until cancelled; then once more.
    func run(interval: Duration = .milliseconds(200)) async {
        while !Task.isCancelled {
            try? await Task.sleep(for: interval)
            await self.flush()
        }
    }

    /// Stores what waits. Rows that the store does not take are dropped and counted: a log that holds up answers is worse than a gap.
    func flush() async {
        while true {
            let batch = self.queue.withLock { queue in
                let batch = Array(queue.prefix(500))
                queue.removeFirst(batch.count)
                return batch
            }
            if batch.isEmpty { return }
            do {
                try await self.repository.append(batch)
                self.stored.increment(by: UInt64(batch.count))
            } catch {
                self.dropped.increment(by: UInt64(batch.count))
                self.logger.warning("Serving log rows were dropped", metadata: ["rows": "\(batch.count)", "error": "\(error.code)"])
            }
        }
    }
}
