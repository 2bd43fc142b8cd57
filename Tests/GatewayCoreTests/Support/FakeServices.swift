import Domain
import GatewayCore
import Mesh
import Synchronization

/// Cached lists in memory, with the versions of the real thing.
final class FakeCache: RecommendationCache {
    struct State {
        var lists: [String: (bytes: [UInt8], shown: Set<UserID>, versions: CacheVersions)] = [:]
        var viewers: [UserID: UInt64] = [:]
        var safety: Int64 = 0
        var actions: [UserID] = []
        var changes: [UserID: Int64] = [:]
        var isAway = false
        var hits = 0
    }

    let state = Mutex(State())

    func setAway(_ isAway: Bool) { self.state.withLock { $0.isAway = isAway } }

    func lookup(_ key: String, viewer: UserID) async -> CacheLookup {
        self.state.withLock { state in
            if state.isAway { return .miss(nil) }
            let versions = CacheVersions(viewer: state.viewers[viewer] ?? 0, safety: state.safety)
            guard let list = state.lists["\(viewer):\(key)"], list.versions.viewer == versions.viewer,
                !list.shown.contains(where: { state.changes[$0] ?? 0 > list.versions.safety })
            else { return .miss(versions) }
            state.hits += 1
            return .hit(list.bytes)
        }
    }

    func store(_ answer: [UInt8], showing people: [UserID], key: String, viewer: UserID, versions: CacheVersions) {
        self.state.withLock { state in
            if !state.isAway { state.lists["\(viewer):\(key)"] = (answer, Set(people), versions) }
        }
    }

    func bump(viewers: [UserID]) async throws(RepositoryError) {
        try self.state.withLock { (state) throws(RepositoryError) in
            if state.isAway { throw RepositoryError(.unavailable) }
            for viewer in viewers { state.viewers[viewer, default: 0] += 1 }
            state.actions += viewers
        }
    }

    func changed(people: [UserID]) async throws(RepositoryError) {
        try self.state.withLock { (state) throws(RepositoryError) in
            if state.isAway { throw RepositoryError(.unavailable) }
            state.safety += 1
            for person in people { state.changes[person] = state.safety }
        }
    }

    func changedPeople(since position: ChangePosition?) async -> ChangedPeople? {
        self.state.withLock { state in
            if state.isAway { return nil }
            let end = ChangePosition(run: "fake", changes: state.safety, actions: Int64(state.actions.count))
            guard let position else { return ChangedPeople(people: nil, position: end) }
            let changed = state.changes.filter { $0.value > position.changes }.map(\.key)
            return ChangedPeople(people: changed + state.actions.dropFirst(Int(position.actions)), position: end)
        }
    }
}

/// Idempotency keys in memory.
final class FakeMemory: IdempotencyMemory {
    struct State {
        var records: [String: IdempotencyRecord] = [:]
        var isAway = false
    }

    let state = Mutex(State())

    func claim(_ key: String) async throws(RepositoryError) -> IdempotencyRecord {
        try self.state.withLock { (state) throws(RepositoryError) in
            if state.isAway { throw RepositoryError(.unavailable) }
            if let record = state.records[key] { return record }
            state.records[key] = .inProgress
            return .claimed
        }
    }

    func settle(_ key: String, _ answer: RememberedAnswer) async throws(RepositoryError) {
        self.state.withLock { $0.records[key] = .answered(answer) }
    }

    func release(_ key: String) async throws(RepositoryError) { self.state.withLock { $0.records[key] = nil } }
}

/// Keeps what is appended.
final class FakeServingLog: ServingLogRepository {
    let lists = Mutex<[ServedList]>([])

    func append(_ lists: [ServedList]) async throws(RepositoryError) { self.lists.withLock { $0 += lists } }
    func served(to user: UserID, limit: Int) async throws(RepositoryError) -> [ServedList] {
        self.lists.withLock { lists in lists.filter { $0.userID == user } }
    }
}

/// Proposes a fixed set.
final class FakeCandidates: CandidateGenerating {
    struct State {
        var set: [UserID] = []
        var failure: MeshError?
        var queries: [CandidateQuery] = []
        var calls: [StageCall] = []
        var position: UInt64?
        var promoted: [UserID] = []
    }

    let state = Mutex(State())

    func fail(_ code: MeshError.Code?) { self.state.withLock { $0.failure = code.map { MeshError($0) } } }

    func why(_ query: CandidateQuery, target: UserID, call: StageCall) async throws -> CandidateFinding? {
        try self.state.withLock { state in
            if let failure = state.failure { throw failure }
            let rank = state.set.firstIndex(of: target).map { $0 + 1 } ?? 0
            return CandidateFinding(
                rules: target == UserID(9) ? ["blocked_by_target"] : [],
                proposals: [.init(source: .popular, rank: rank, score: 0.5, asked: 30, found: state.set.count)], rank: rank, score: 0.5,
                count: state.set.count, modelVersion: "m1", position: 7, impressions: 0, exposure: 3, isOutsideTaste: false)
        }
    }

    func candidates(_ query: CandidateQuery, call: StageCall) async throws -> CandidateSet {
        try self.state.withLock { state in
            state.queries.append(query)
            state.calls.append(call)
            if let failure = state.failure { throw failure }
            let candidates = state.set.prefix(query.limit).enumerated().map { index, id in
                CandidateSet.Candidate(
                    id: id, score: 1 / Float(index + 1),
                    sources: index % 2 == 0 ? [CandidateSources(.collaborative), CandidateSources(.popular)] : CandidateSources(.content))
            }
            // Whoever is asked to wait has read on.
            if query.awaitsPosition, let position = state.position { state.position = max(position, query.minimumPosition) }
            var set = CandidateSet(candidates: candidates, modelVersion: "m1", position: state.position)
            set.promoted = state.promoted
            return set
        }
    }

    func similar(to id: UserID, viewer: UserID, limit: Int, call: StageCall) async throws -> [SimilarPerson] {
        try self.state.withLock { state in
            if let failure = state.failure { throw failure }
            return state.set.prefix(limit).enumerated().map { SimilarPerson(id: $1, similarity: 1 / Double($0 + 1)) }
        }
    }
}

/// Ranks by identifier, the largest first, so that an order of stage 2 differs from one of stage 1.
final class FakeRanking: CandidateRanking {
    struct State {
        var failure: MeshError?
        var queries: [RankingQuery] = []
        /// What the viewer's features are, once they are asked for.
        var viewerFeatures: ViewerFeatures?
        var prepared: [UserID] = []
    }

    let state = Mutex(State())

    func fail(_ code: MeshError.Code?) { self.state.withLock { $0.failure = code.map { MeshError($0) } } }

    func prepare(_ viewer: UserID, modelVersion: String?, call: StageCall) async -> ViewerFeatures? {
        self.state.withLock { state in
            state.prepared.append(viewer)
            return state.viewerFeatures
        }
    }

    func rank(_ query: RankingQuery, call: StageCall) async throws -> Ranking {
        try self.state.withLock { state in
            state.queries.append(query)
            if let failure = state.failure { throw failure }
            let entries = query.candidates.map(\.id).sorted(by: >).map { id in
                let contributions = [0.1 + 0.2, -1.0 / 3, Double(id.rawValue) / 1000]
                let logit = -0.7 + contributions.reduce(0, +)
                return Ranking.Entry(
                    id: id, matchScore: min(1, Double(id.rawValue) / 1000),
                    breakdown: query.explains
                        ? ScoreBreakdown(score: Self.sigmoid(logit), intercept: -0.7, contributions: contributions) : nil)
            }
            return Ranking(
                entries: entries, modelVersion: query.modelVersion ?? "m1",
                termNames: query.explains ? ["interest_overlap", "expected_liking", "collaborative_score"] : [])
        }
    }

    /// By the series of the exponential: the tests need no library for it.
    static func sigmoid(_ x: Double) -> Double {
        var (term, sum) = (1.0, 1.0)
        for n in 1...60 {
            term *= -x / Double(n)
            sum += term
        }
        return 1 / (1 + sum)
    }
}

/// Tokens that are their own claims: `role:subject[:audience[:expiry]]`.
struct FakeKeys: KeySource {
    struct Unknown: Error {}

    func claims(of token: String) async throws -> TokenClaims {
        let parts = token.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        guard parts.count >= 2 else { throw Unknown() }
        return TokenClaims(
            subject: parts[1], role: parts[0], expiresAt: parts.count > 3 ? Double(parts[3]) ?? 0 : 4_000_000_000,
            audiences: [parts.count > 2 ? parts[2] : "duet"])
    }
}
