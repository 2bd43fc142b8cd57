package import Domain
package import Logging
internal import ServiceLifecycle

/// Keeps a ``CandidateIndex`` level with the log.
package struct LogTail: Service {
    private let log: any LogRepository
    private let index: CandidateIndex
    private let interval: Duration
    private let pageSize: Int
    private let logger: Logger

    /// - Parameters:
    ///   - interval: Time between looks at the log when no bell rings.
    ///   - pageSize: Entries read in one go.
    package init(
        log: any LogRepository, index: CandidateIndex, interval: Duration = .seconds(1), pageSize: Int = 20_000, logger: Logger
    ) {
        self.log = log
        self.index = index
        self.interval = interval
        self.pageSize = pageSize
        self.logger = logger
    }

    /// Reads the log until cancelled or shut down. A store that is away is asked again at the next bell.
    package func run() async {
        for await _ in self.log.doorbell(interval: self.interval).cancelOnGracefulShutdown() {
            do {
                try await self.catchUp()
            } catch {
                self.logger.debug("The log could not be read.", metadata: ["error": "\(error)"])
            }
        }
    }

    /// Applies all that has settled since the last call, people before what they did.
    package func catchUp() async throws(RepositoryError) {
        while true {
            let batch = try await self.log.users(after: self.index.positions.users, limit: self.pageSize)
            let isComplete = batch.entries.count < self.pageSize
            self.index.apply(batch, isComplete: isComplete)
            if isComplete { break }
        }
        while true {
            let batch = try await self.log.interactions(after: self.index.positions.interactions, limit: self.pageSize)
            let isComplete = batch.entries.count < self.pageSize
            self.index.apply(batch, isComplete: isComplete)
            if isComplete { break }
        }
        if !self.index.isCaughtUp {
            self.index.markCaughtUp()
            let status = self.index.status
            self.logger.info(
                "The index is level with the log.",
                metadata: ["people": "\(status.people)", "opinions": "\(status.opinions)", "position": "\(status.position)"])
        }
    }
}
