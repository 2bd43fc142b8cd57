import Domain
import GatewayCore
import HTTPTypes
import Hummingbird
import Logging
import Mesh
import Postgres
import Redis
import Storage
import Synchronization
import Telemetry
import TestKit

/// Two gateways over one PostgreSQL and one Redis, each with connections of its own, as two processes have them.
struct TwoGateways: Sendable {
    let gateways: [GatewayApplication]
    let storages: [Storage]
    /// For questions that no repository answers.
    let postgres: PostgresPool

    static let isAvailable = TemporaryPostgres.isAvailable && TemporaryRedis.isAvailable

    static func with(_ body: (TwoGateways) async throws -> Void) async throws {
        try await TemporaryPostgres.withDatabase { database in
            try await TemporaryRedis.withDatabase { redis in
                let pools = try (0..<2).map { _ in PostgresPool(configuration: try PostgresConfiguration(url: database), logger: quietLogger) }
                let clients = try (0..<2).map { _ in RedisClient(configuration: try RedisConfiguration(url: redis), logger: quietLogger) }
                let storages = zip(pools, clients).map { Storage(postgres: $0, redis: $1, logger: quietLogger) }
                func end() async {
                    for pool in pools { await pool.shutdown() }
                    for client in clients { await client.shutdown() }
                }
                do {
                    try await storages[0].migrate()
                    try await body(
                        TwoGateways(gateways: storages.compactMap { Self.gateway($0) }, storages: storages, postgres: pools[0]))
                } catch {
                    await end()
                    throw error
                }
                await end()
            }
        }
    }

    private static func gateway(_ storage: Storage) -> GatewayApplication? {
        guard let cache = storage.recommendationCache, let copies = storage.copies else { return nil }
        return GatewayApplication(
            GatewayDependencies(
                users: storage.users, interactions: storage.interactions, gate: storage.gate, models: storage.models, cache: cache,
                servingLog: storage.servingLog, pairs: storage.pairs, events: storage.events, privacy: storage.privacy, audit: storage.audit,
                copies: copies, replicas: NoReplicas(), idempotency: NoMemory(), candidates: NoStage(), ranking: NoStage(), keys: AnyBearer(),
                revocations: NoRevocations(), rateLimits: NoLimits(), probe: { [] }),
            registry: MetricsRegistry(), logger: quietLogger, now: { Timestamp.now })
    }

    /// Asks one of the two.
    /// - Parameter token: `role:subject`.
    func send(
        _ gateway: Int, _ method: HTTPRequest.Method, _ path: String, body: String? = nil, token: String = "service:tests"
    ) async -> Answer {
        var fields: HTTPFields = [.authorization: "Bearer \(token)"]
        if body != nil { fields[.contentType] = "application/json" }
        let head = HTTPRequest(method: method, scheme: "http", authority: "test", path: path, headerFields: fields)
        let request = Request(head: head, body: RequestBody(buffer: ByteBuffer(string: body ?? "")))
        return await Answer(self.gateways[gateway].respond(to: request))
    }

    func record(_ kind: InteractionKind, by user: UserID, of target: UserID, through gateway: Int) async -> Answer {
        await self.send(
            gateway, .post, "/api/v1/interactions/",
            body: #"{"user_id": \#(user), "target_user_id": \#(target), "interaction_type": "\#(kind.rawValue)"}"#)
    }

    func people(_ count: Int) async throws -> [UserID] {
        _ = try await self.postgres.query(
            "INSERT INTO users (name, age, location) SELECT 'Person ' || n, 30, 'Oslo' FROM generate_series(1, \(count)) AS n")
        return try await self.postgres.query("SELECT id FROM users ORDER BY id").map { row throws(PostgresError) in
            UserID(try row.int64(0))
        }
    }
}

/// Takes `role:subject` at its word.
private struct AnyBearer: KeySource {
    func claims(of token: String) async throws -> TokenClaims {
        let parts = token.split(separator: ":")
        guard parts.count == 2 else { throw KeyError.malformedToken }
        return TokenClaims(subject: String(parts[1]), role: String(parts[0]), expiresAt: 4_000_000_000, audiences: ["duet"])
    }
}

/// There are no services here.
private struct NoStage: CandidateGenerating, CandidateRanking {
    func candidates(_ query: CandidateQuery, call: StageCall) async throws -> CandidateSet { throw MeshError(.unavailable) }
    func why(_ query: CandidateQuery, target: UserID, call: StageCall) async throws -> CandidateFinding? { throw MeshError(.unavailable) }
    func similar(to id: UserID, viewer: UserID, limit: Int, call: StageCall) async throws -> [SimilarPerson] {
        throw MeshError(.unavailable)
    }
    func prepare(_ viewer: UserID, modelVersion: String?, call: StageCall) async -> ViewerFeatures? { nil }
    func rank(_ query: RankingQuery, call: StageCall) async throws -> Ranking { throw MeshError(.unavailable) }
}

private struct NoReplicas: ReplicaDirectory {
    var replicas: [MeshReplica] { [] }
    func holders(of user: UserID) async -> [String] { [] }
}
