public import Domain

/// What one implementation offers to the contracts.
public struct Repositories: Sendable {
    public let users: any UserRepository
    public let interactions: any InteractionRepository
    public let gate: any GateRepository
    public let log: any LogRepository
    public let features: any FeatureRepository
    public let models: any ModelRepository
    public let embeddings: any EmbeddingRepository
    public let servingLog: any ServingLogRepository
    public let pairs: any PairRepository
    public let events: any EventRepository
    public let privacy: any PrivacyRepository
    public let audit: any AuditRepository

    public init(
        users: any UserRepository, interactions: any InteractionRepository, gate: any GateRepository, log: any LogRepository,
        features: any FeatureRepository, models: any ModelRepository, embeddings: any EmbeddingRepository,
        servingLog: any ServingLogRepository, pairs: any PairRepository, events: any EventRepository,
        privacy: any PrivacyRepository, audit: any AuditRepository
    ) {
        self.users = users
        self.interactions = interactions
        self.gate = gate
        self.log = log
        self.features = features
        self.models = models
        self.embeddings = embeddings
        self.servingLog = servingLog
        self.pairs = pairs
        self.events = events
        self.privacy = privacy
        self.audit = audit
    }

    public init(_ store: InMemoryStore) {
        self.init(
            users: store, interactions: store, gate: store, log: store, features: store, models: store, embeddings: store,
            servingLog: store, pairs: store, events: store, privacy: store, audit: store)
    }
}

/// A rule that every implementation keeps. Its subject is fresh and empty.
public struct Contract<Subject: Sendable>: Sendable, CustomStringConvertible {
    public let rule: String
    public let check: @Sendable (Subject) async throws -> Void

    init(_ rule: String, _ check: @escaping @Sendable (Subject) async throws -> Void) {
        self.rule = rule
        self.check = check
    }

    public var description: String { self.rule }
}

/// An implementation broke a contract.
public struct ContractViolation: Error, CustomStringConvertible {
    public let description: String
}

func expect(_ condition: Bool, _ what: String = "", file: String = #fileID, line: Int = #line) throws {
    guard condition else { throw ContractViolation(description: "\(file):\(line): \(what.isEmpty ? "does not hold" : what)") }
}

func expectEqual<Value: Equatable>(_ found: Value, _ expected: Value, file: String = #fileID, line: Int = #line) throws {
    guard found == expected else { throw ContractViolation(description: "\(file):\(line): \(found) instead of \(expected)") }
}

/// Runs `body`, which must throw a ``Domain/RepositoryError`` with this code.
@discardableResult func expectError(
    _ code: RepositoryError.Code, file: String = #fileID, line: Int = #line, _ body: () async throws -> Void
) async throws -> RepositoryError {
    do {
        try await body()
    } catch let error as RepositoryError {
        try expectEqual(error.code, code, file: file, line: line)
        return error
    }
    throw ContractViolation(description: "\(file):\(line): nothing was thrown")
}

extension Repositories {
    func person(_ name: String = "Ada", _ change: (inout NewUser) -> Void = { _ in }) async throws -> UserID {
        var user = NewUser(name: name, age: 30, gender: .female, location: "Berlin")
        change(&user)
        return try await self.users.create(user).id
    }

    func people(_ count: Int) async throws -> [UserID] {
        var ids: [UserID] = []
        for number in 0..<count { ids.append(try await self.person("Person \(number)")) }
        return ids
    }

    @discardableResult func record(
        _ kind: InteractionKind, _ user: UserID, _ target: UserID, at time: Timestamp? = nil
    ) async throws -> RecordedInteraction {
        try await self.interactions.record(NewInteraction(userID: user, targetUserID: target, kind: kind, timestamp: time))
    }
}
