internal import Domain
internal import Logging
internal import Mesh
internal import Telemetry

/// Makes a list: candidates, their ranking, and the last look at the truth; or what comes nearest when a stage is away.
struct RecommendationPipeline: Sendable {
    /// Names under which skipped stages are listed in `degraded`.
    enum Stage {
        static let candidates = "candidates"
        static let ranking = "ranking"
        static let cache = "cache"
    }

    let candidates: any CandidateGenerating
    let ranking: any CandidateRanking
    let gatekeeper: Gatekeeper
    let users: any UserRepository
    let coherence: CacheCoherence
    let catalogue: ModelCatalogue
    let metrics: GatewayMetrics
    /// How many candidates stage 1 proposes at least.
    let candidateCount: Int
    /// Days after which a pass is forgotten; 0: never.
    let passReturnDays: Int
    /// Ranked beyond the page and the next ones: as many may drop out at the gate.
    private static let spare = 40
    let logger: Logger
    private let fallback = FallbackPeople()

    init(
        candidates: any CandidateGenerating, ranking: any CandidateRanking, gatekeeper: Gatekeeper, users: any UserRepository,
        coherence: CacheCoherence, catalogue: ModelCatalogue, metrics: GatewayMetrics, candidateCount: Int, passReturnDays: Int, logger: Logger
    ) {
        self.candidates = candidates
        self.ranking = ranking
        self.gatekeeper = gatekeeper
        self.users = users
        self.coherence = coherence
        self.catalogue = catalogue
        self.metrics = metrics
        self.candidateCount = candidateCount
        self.passReturnDays = passReturnDays
        self.logger = logger
    }

    /// People in order, before the last look at the truth.
    private struct Order {
        var entries: [ListCursor.Entry]
        var breakdowns: [UserID: ScoreBreakdown] = [:]
        var termNames: [String] = []
        var modelVersion: String
        var listID: String
        var degraded: [String]
        /// How far stage 1 had read the log; `nil` where it was not asked.
        var position: UInt64?
    }

    /// What can be known of a list before it is ranked.
    struct Proposal: Sendable {
        var candidates: CandidateSet
        /// `nil`: stage 2 fetches them itself.
        var viewerFeatures: ViewerFeatures?
        /// Stages that were skipped.
        var degraded: [String]
    }

    /// - Throws: ``APIError`` 404 for a viewer who does not exist, 503 when the truth can't be read; `RepositoryError` likewise.
    func list(_ query: RecommendationQuery, scope: RequestScope) async throws -> RecommendedList {
        let start = ContinuousClock.now
        // Beside the stages, which take longer.
        async let look = self.look(query, scope: scope)
        if let cursor = query.cursor {
            let order = try await self.order(following: cursor, query, scope: scope)
            return try await self.list(order, query, try await look, since: start, scope: scope)
        }
        let proposal = try await self.proposal(query, scope: scope)
        return try await self.list(proposal, query, try await look, since: start, scope: scope)
    }

    /// What the gate has to know of the viewer.
    func look(_ query: RecommendationQuery, scope: RequestScope) async throws -> Gatekeeper.Look {
        try await TraceSpan.within("outlook") {
            try await self.gatekeeper.look(for: query.viewer, seen: self.seenPolicy(query, at: scope.receivedAt))
        }
    }

    /// Stage 1, or people who can be shown without it, and beside it the viewer's features.
    /// - Parameter position: Where the log has the viewer's own latest change, if stage 1 is to wait for it.
    func proposal(_ query: RecommendationQuery, scope: RequestScope, changedAt position: UInt64? = nil) async throws -> Proposal {
        async let viewerFeatures = self.ranking.prepare(query.viewer, modelVersion: query.algorithmVersion, call: scope.call(share: 0.25))
        var degraded: [String] = []
        let proposed = try await self.proposed(query, scope: scope, changedAt: position, degraded: &degraded)
        return Proposal(candidates: proposed, viewerFeatures: await viewerFeatures, degraded: degraded)
    }

    /// - Parameter start: When the work on the list began.
    func list(
        _ proposal: Proposal, _ query: RecommendationQuery, _ look: Gatekeeper.Look, since start: ContinuousClock.Instant, scope: RequestScope
    ) async throws -> RecommendedList {
        try await self.list(await self.order(proposal, query, scope: scope), query, look, since: start, scope: scope)
    }

    private func list(
        _ order: Order, _ query: RecommendationQuery, _ look: Gatekeeper.Look, since start: ContinuousClock.Instant, scope: RequestScope
    ) async throws -> RecommendedList {
        var order = order
        var admitted = try await self.admitted(order.entries, query, look, scope: scope)
        if admitted.shown.count < query.limit, let position = order.position, position < admitted.viewerPosition {
            // Stage 1 knew the viewer as they were before their latest change: it is asked once more, and waits until it knows it.
            let proposal = try await self.proposal(query, scope: scope, changedAt: admitted.viewerPosition)
            order = await self.order(proposal, query, scope: scope)
            admitted = try await self.admitted(order.entries, query, look, scope: scope)
        }
        let (shown, consumed) = (admitted.shown, admitted.consumed)
        let isStale = order.position.map { $0 < admitted.viewerPosition } ?? false
        for stage in order.degraded {
            self.metrics.degraded(stage)
            TraceSpan.current?.degraded(stage)
        }
        self.metrics.listLength.observe(Double(shown.count))
        if query.cursor == nil { self.metrics.survived(shown.lazy.map { $0.1.sources }) }

        let rest = order.entries.dropFirst(consumed).prefix(ListCursor.capacity)
        let next =
            rest.isEmpty
            ? nil
            : ListCursor(
                listID: order.listID, viewer: query.viewer, queryHash: StableHash.hash(query.listKey.utf8), modelVersion: order.modelVersion,
                entries: Array(rest))
        let elapsed = start.duration(to: .now)
        self.metrics.generation.observe(elapsed)
        return RecommendedList(
            listID: order.listID, requestID: scope.requestID, modelVersion: order.modelVersion,
            entries: shown.map { user, entry in
                .init(user: user, matchScore: entry.matchScore, sources: entry.sources, breakdown: order.breakdowns[entry.id])
            },
            degraded: order.degraded, termNames: order.termNames, generationTime: elapsed, nextCursor: next?.text,
            isExplained: query.explains, isStale: isStale)
    }

    // MARK: Order

    private func order(_ proposal: Proposal, _ query: RecommendationQuery, scope: RequestScope) async -> Order {
        let proposed = proposal.candidates
        let listID = RandomUUID.make()
        let sources = Dictionary(proposed.candidates.map { ($0.id, $0.sources) }, uniquingKeysWith: { first, _ in first })
        guard let ranked = await self.ranked(proposed, query, viewerFeatures: proposal.viewerFeatures, scope: scope) else {
            return Order(
                entries: proposed.candidates.map { .init(id: $0.id, matchScore: nil, sources: $0.sources) },
                modelVersion: proposed.modelVersion.isEmpty ? self.catalogue.servedVersion : proposed.modelVersion, listID: listID,
                degraded: proposal.degraded + (proposed.candidates.isEmpty ? [] : [Stage.ranking]), position: proposed.position)
        }
        var entries = ranked.entries.map { ListCursor.Entry(id: $0.id, matchScore: $0.matchScore, sources: sources[$0.id] ?? []) }
        Promotion.apply(proposed.promoted, to: &entries, listID: listID)
        return Order(
            entries: entries, breakdowns: Self.breakdowns(ranked), termNames: ranked.termNames, modelVersion: ranked.modelVersion,
            listID: listID, degraded: proposal.degraded, position: proposed.position)
    }

    /// The rest of a list that was ranked before, in that order.
    private func order(following cursor: ListCursor, _ query: RecommendationQuery, scope: RequestScope) async throws -> Order {
        var order = Order(
            entries: cursor.entries, modelVersion: cursor.modelVersion, listID: cursor.listID,
            degraded: cursor.entries.contains { $0.matchScore == nil } ? [Stage.ranking] : [])
        guard query.explains else { return order }
        let candidates = cursor.entries.prefix(query.limit * 2).map {
            CandidateSet.Candidate(id: $0.id, score: Float($0.matchScore ?? 0), sources: $0.sources)
        }
        var explaining = query
        explaining.algorithmVersion = cursor.modelVersion.isEmpty ? nil : cursor.modelVersion
        if let ranked = await self.ranked(CandidateSet(candidates: candidates, modelVersion: ""), explaining, scope: scope) {
            order.breakdowns = Self.breakdowns(ranked)
            order.termNames = ranked.termNames
        } else if order.degraded.isEmpty {
            order.degraded = [Stage.ranking]
        }
        return order
    }

    private static func breakdowns(_ ranking: Ranking) -> [UserID: ScoreBreakdown] {
        Dictionary(
            ranking.entries.compactMap { entry in entry.breakdown.map { (entry.id, $0) } }, uniquingKeysWith: { first, _ in first })
    }

    /// Stage 1, or people who can be shown without it.
    private func proposed(
        _ query: RecommendationQuery, scope: RequestScope, changedAt position: UInt64?, degraded: inout [String]
    ) async throws -> CandidateSet {
        let start = ContinuousClock.now
        var wanted = self.candidateQuery(query)
        if let position { (wanted.minimumPosition, wanted.awaitsPosition) = (max(position, wanted.minimumPosition), true) }
        do {
            let set = try await TraceSpan.within("candidates") {
                try await self.candidates.candidates(wanted, call: scope.call(share: 0.5))
            }
            self.metrics.spent(start.duration(to: .now), in: .candidates)
            self.metrics.candidatePool.observe(Double(set.candidates.count))
            self.fallback.learn(from: set)
            return set
        } catch let error as MeshError {
            self.metrics.spent(start.duration(to: .now), in: .candidates)
            self.logger.warning("Stage 1 was skipped", metadata: ["error": "\(error.code)"])
            degraded.append(Stage.candidates)
            return try await TraceSpan.within("fallback") { try await self.withoutCandidates(query, limit: wanted.limit) }
        }
    }

    func candidateQuery(_ query: RecommendationQuery) -> CandidateQuery {
        CandidateQuery(
            viewer: query.viewer, limit: min(2000, max(self.candidateCount, 3 * query.limit)), excludesSeen: query.excludesSeen,
            filter: query.filter, minimumPosition: self.coherence.position(of: query.viewer))
    }

    /// People who were popular lately, then anybody who fits the filter.
    private func withoutCandidates(_ query: RecommendationQuery, limit: Int) async throws -> CandidateSet {
        var ids = self.fallback.people(limit: limit)
        let popular = Set(ids)
        if ids.count < limit {
            var wanted = UserQuery()
            wanted.limit = min(1000, limit - ids.count)
            // What the viewer seeks narrows the list before the gate does, or narrow seekers would be left with nobody.
            let sought = try await self.users.preferences(of: query.viewer) ?? Preferences()
            wanted.minimumAge = Self.greater(query.filter.minimumAge, sought.minimumAge)
            wanted.maximumAge = Self.greater(query.filter.maximumAge.map(-), sought.maximumAge.map(-)).map(-)
            wanted.gender = query.filter.gender ?? (sought.genders.count == 1 ? sought.genders[0] : nil)
            wanted.location = query.filter.location
            wanted.interest = query.filter.interest ?? sought.requiredInterests.first
            wanted.viewer = query.viewer
            ids += try await self.users.list(wanted).map(\.id).filter { !popular.contains($0) && $0 != query.viewer }
        }
        let candidates = ids.enumerated().map { index, id in
            CandidateSet.Candidate(
                id: id, score: 1 / Float(index + 1), sources: popular.contains(id) ? CandidateSources(.popular) : [])
        }
        return CandidateSet(candidates: candidates, modelVersion: "")
    }

    private static func greater(_ one: Int?, _ other: Int?) -> Int? {
        guard let one, let other else { return one ?? other }
        return max(one, other)
    }

    /// Stage 2; `nil` when it is away. Candidates that it does not know are left out.
    func ranked(
        _ proposed: CandidateSet, _ query: RecommendationQuery, viewerFeatures: ViewerFeatures? = nil, scope: RequestScope
    ) async -> Ranking? {
        let candidates = proposed.candidates
        guard !candidates.isEmpty else {
            return Ranking(entries: [], modelVersion: query.algorithmVersion ?? self.catalogue.servedVersion)
        }
        let start = ContinuousClock.now
        defer { self.metrics.spent(start.duration(to: .now), in: .ranking) }
        do {
            var wanted = RankingQuery(
                viewer: query.viewer, candidates: candidates, explains: query.explains, modelVersion: query.algorithmVersion,
                requestedAt: scope.receivedAt, limit: query.limit + Self.spare + ListCursor.capacity, viewerFeatures: viewerFeatures)
            (wanted.exposures, wanted.newcomers) = (proposed.exposures, proposed.newcomers)
            // Whoever is to be moved up must come back, wherever they stand.
            if !proposed.promoted.isEmpty { wanted.limit = candidates.count }
            return try await TraceSpan.within("ranking") { try await self.ranking.rank(wanted, call: scope.call(share: 0.65)) }
        } catch {
            self.logger.warning("Stage 2 was skipped", metadata: ["error": "\((error as? MeshError)?.code.description ?? "\(error)")"])
            return nil
        }
    }

    // MARK: Gate

    /// Who passed the gate.
    private struct Admitted {
        var shown: [(User, ListCursor.Entry)]
        /// How many of the order were looked at for them.
        var consumed: Int
        /// Where the log has the viewer's own latest change.
        var viewerPosition: UInt64
    }

    /// The best who may be shown.
    private func admitted(
        _ entries: [ListCursor.Entry], _ query: RecommendationQuery, _ look: Gatekeeper.Look, scope: RequestScope
    ) async throws -> Admitted {
        let start = ContinuousClock.now
        defer { self.metrics.spent(start.duration(to: .now), in: .gate) }
        var viewerPosition: UInt64 = 0
        var shown: [(User, ListCursor.Entry)] = []
        var distinct: Set<UserID> = []
        var consumed = 0
        // Even for nobody: it says where the viewer's own changes stand.
        repeat {
            if consumed > 0, scope.deadline.isExpired { break }
            let margin = consumed == 0 ? 8 : 40
            let chunk = Array(entries.dropFirst(consumed).prefix(query.limit - shown.count + margin))
            let admission = try await TraceSpan.within("gate") {
                try await self.gatekeeper.admission(of: chunk.map(\.id), look)
            }
            viewerPosition = admission.viewerPosition
            let byID = Dictionary(admission.people.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
            for entry in chunk {
                guard shown.count < query.limit else { break }
                consumed += 1
                guard entry.id != query.viewer, let user = byID[entry.id], query.filter.admits(user, from: admission.origin),
                    distinct.insert(entry.id).inserted
                else { continue }
                shown.append((user, entry))
            }
        } while shown.count < query.limit && consumed < entries.count
        return Admitted(shown: shown, consumed: consumed, viewerPosition: viewerPosition)
    }

    func seenPolicy(_ query: RecommendationQuery, at time: Timestamp) -> SeenPolicy {
        SeenPolicy(
            isExcluded: query.excludesSeen,
            passesSince: self.passReturnDays > 0 ? time.advanced(by: .seconds(-86_400 * self.passReturnDays)) : nil)
    }

    // MARK: Similar people

    /// - Throws: `MeshError` when stage 1 is away.
    func similar(to id: UserID, viewer: UserID, limit: Int, scope: RequestScope) async throws -> [(user: User, similarity: Double)] {
        let found = try await self.candidates.similar(to: id, viewer: viewer, limit: min(1000, limit + 20), call: scope.call(share: 0.7))
        let profiles = try await self.gatekeeper.gate.admissible(
            found.map(\.id).filter { $0 != id }, for: viewer, seen: SeenPolicy(isExcluded: false))
        let byID = Dictionary(profiles.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
        return found.compactMap { person in byID[person.id].map { ($0, person.similarity) } }.prefix(limit).map { $0 }
    }
}
