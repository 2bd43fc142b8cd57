public import Domain

/// Where people and interactions come from.
public protocol TrainingSource: Sendable {
    /// Streams all people in chunks, each person once.
    func forEachUser(_ body: ([User]) async throws -> Void) async throws
    /// Streams the whole log in chunks, in the order in which it was written.
    func forEachInteraction(_ body: ([Interaction]) async throws -> Void) async throws
}

/// A community in memory.
public struct InMemoryTrainingSource: TrainingSource {
    private let users: [User]
    private let interactions: [Interaction]

    public init(users: [User], interactions: [Interaction]) {
        self.users = users
        self.interactions = interactions
    }

    public func forEachUser(_ body: ([User]) async throws -> Void) async throws { try await body(self.users) }
    public func forEachInteraction(_ body: ([Interaction]) async throws -> Void) async throws { try await body(self.interactions) }
}

/// The live store.
public struct RepositoryTrainingSource: TrainingSource {
    private let users: any UserRepository
    private let log: any LogRepository

    public init(users: any UserRepository, log: any LogRepository) {
        self.users = users
        self.log = log
    }

    public func forEachUser(_ body: ([User]) async throws -> Void) async throws {
        var query = UserQuery()
        query.limit = 1000
        while true {
            let page = try await self.users.list(query)
            guard let last = page.last else { return }
            try await body(page)
            query.after = last.id
        }
    }

    /// Rows of transactions that are still open when the reading ends are left for the next training.
    public func forEachInteraction(_ body: ([Interaction]) async throws -> Void) async throws {
        var position = LogPosition.start
        while true {
            let batch = try await self.log.interactions(after: position, limit: 10_000)
            guard let last = batch.entries.last else { return }
            try await body(batch.entries.map(\.event))
            position = last.position
        }
    }
}
