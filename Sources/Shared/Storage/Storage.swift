public import Domain
public import Logging
public import Postgres
public import Redis

/// Every repository over one PostgreSQL pool and, where there is one, one Redis client.
///
/// Without Redis nothing is lost: readers of the log look by the clock instead of being rung, and the caches miss.
public struct Storage: Sendable {
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
    public let figures: any FiguresRepository
    /// `nil` without Redis.
    public let featureCache: (any FeatureCache)?
    /// `nil` without Redis.
    public let recommendationCache: (any RecommendationCache)?
    /// `nil` without Redis.
    public let copies: (any CopyMaintenance)?

    private let postgres: PostgresPool
    private let logger: Logger

    /// The pool and the client stay the caller's to shut down.
    public init(postgres: PostgresPool, redis: RedisClient?, logger: Logger) {
        let bell = Doorbell(redis: redis, logger: logger)
        self.users = PostgresUserRepository(postgres: postgres, bell: bell)
        self.interactions = PostgresInteractionRepository(postgres: postgres, bell: bell)
        self.gate = PostgresGateRepository(postgres: postgres)
        self.log = PostgresLogRepository(postgres: postgres, bell: bell)
        self.features = PostgresFeatureRepository(postgres: postgres)
        self.models = PostgresModelRepository(postgres: postgres, bell: bell)
        self.embeddings = PostgresEmbeddingRepository(postgres: postgres)
        self.servingLog = PostgresServingLogRepository(postgres: postgres)
        self.pairs = PostgresPairRepository(postgres: postgres)
        self.events = PostgresEventRepository(postgres: postgres, bell: bell)
        self.privacy = PostgresPrivacyRepository(postgres: postgres)
        self.audit = PostgresAuditRepository(postgres: postgres)
        self.figures = PostgresFiguresRepository(postgres: postgres)
        self.copies = redis.map { RedisCopyMaintenance(redis: $0) }
        self.featureCache = redis.map { RedisFeatureCache(redis: $0, logger: logger) }
        self.recommendationCache = redis.map { RedisRecommendationCache(redis: $0, logger: logger) }
        self.postgres = postgres
        self.logger = logger
    }

    /// The schema, step by step.
    public static let migrations: [Migration] = [
        Self.people, Self.interactionLog, Self.recording, Self.batches, Self.featureStore, Self.operations, Self.erasure, Self.statistics,
        Self.privacy, Self.preferences, Self.business,
    ]

    /// Brings the schema up to date.
    /// - Returns: Labels of the steps that were applied.
    @discardableResult public func migrate() async throws -> [String] {
        try await Migrator(migrations: Self.migrations, logger: self.logger).migrate(self.postgres)
    }

    /// Refreshes the materialized views `interaction_statistics`, `daily_metrics` and `business_metrics`; readers are not blocked.
    public func refreshStatistics() async throws(RepositoryError) {
        _ = try await translatingErrors { try await self.postgres.query("SELECT refresh_statistics()") }
    }
}
