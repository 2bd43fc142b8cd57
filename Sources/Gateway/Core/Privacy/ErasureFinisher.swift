internal import Domain
internal import Logging

/// Follows each erasure until the person is gone everywhere, and then completes its receipt.
///
/// The rows went with the erasure itself. What is left are copies: each replica is asked whether it still knows the person, then what Redis
/// holds about them is removed, and the tables are looked at once more. Any doubt leaves the receipt pending until the next look, on this or
/// another gateway: everything here may be done twice.
struct ErasureFinisher: Sendable {
    /// Answers that were being made when the person was erased may still be stored for so long.
    static let settling: Duration = .seconds(1)

    let users: any UserRepository
    let privacy: any PrivacyRepository
    let copies: any CopyMaintenance
    let replicas: any ReplicaDirectory
    let now: @Sendable () -> Timestamp
    let logger: Logger

    /// Looks every `interval` until cancelled.
    func run(interval: Duration = .milliseconds(500)) async {
        while (try? await Task.sleep(for: interval)) != nil {
            do {
                try await self.look()
            } catch {
                self.logger.debug("Erasures can't be finished now", metadata: ["error": "\(error.code)"])
            }
        }
    }

    func look() async throws(RepositoryError) {
        for erasure in try await self.privacy.pendingErasures(limit: 100) where erasure.requestedAt.advanced(by: Self.settling) <= self.now() {
            try await self.finish(erasure)
        }
    }

    private func finish(_ erasure: Erasure) async throws(RepositoryError) {
        let holders = await self.replicas.holders(of: erasure.userID)
        guard holders.isEmpty else {
            self.logger.debug("A person is not gone everywhere yet", metadata: ["replicas": "\(holders)"])
            return
        }
        // After the replicas, which might have stored what they still knew.
        _ = try await self.copies.removeCopies(of: erasure.userID)
        let traces = try await self.privacy.traces(of: erasure.userID)
        guard traces.isEmpty else {
            self.logger.warning("An erased person is still in the database", metadata: ["tables": "\(traces)"])
            return
        }
        _ = try await self.users.completeErasure(erasure.receipt)
    }
}
