package import Domain
package import Mesh
package import MeshAPI
package import Telemetry

/// Answers the calls of `CandidateService`.
package struct CandidateServer: CandidateServiceHandler {
    /// Most candidates and most similar people that one call may ask for.
    package static let limits = (generate: 2000, similar: 1000)

    private let generator: CandidateGenerator
    private let settings: CandidateSettings
    private let tail: LogTail?
    private let clock: any Clock<Duration>
    private let metrics: CandidateMetrics

    /// - Parameter tail: What brings the log: asked to read on for viewers who signed up a moment ago.
    package init(
        index: CandidateIndex, settings: CandidateSettings = CandidateSettings(), tail: LogTail? = nil,
        metrics registry: MetricsRegistry = .shared, clock: any Clock<Duration> = ContinuousClock(),
        now: @escaping @Sendable () -> Timestamp
    ) {
        self.settings = settings
        self.tail = tail
        self.clock = clock
        self.generator = CandidateGenerator(index: index, settings: settings, now: now)
        self.metrics = CandidateMetrics(registry)
        CandidateMetrics.register(index, tail: tail, in: registry)
    }

    package func generate(_ request: GenerateRequest, context: CallContext) async throws -> GenerateResponse {
        let start = ContinuousClock.now
        let query = try self.refusing { () throws(MeshError) in try self.query(request) }
        var list = self.generator.generate(query)
        if !list.isViewerKnown || (request.awaitPosition && list.position < request.minPosition), let tail = self.tail {
            // Somebody who signed up or changed a moment ago is in the log, but the bell may not have rung yet.
            await self.wait(for: tail, until: context.deadline)
            list = self.generator.generate(query)
        }
        // A replica that is behind can't know that somebody doesn't exist: it answers what suits anybody, and the gate decides.
        guard list.isViewerKnown || list.position < request.minPosition || list.position == 0 else {
            throw self.refused(.notFound, "The person does not exist.")
        }
        self.metrics.observe(list, time: start.duration(to: .now))
        return GenerateResponse(
            userIDs: list.people.map { UInt64(bitPattern: $0.rawValue) }, scores: list.scores, sources: list.sources.map(\.rawValue),
            modelVersion: list.modelVersion ?? "", position: list.position,
            reports: list.reports.map { report in
                SourceReport(
                    source: Source(rawValue: Int32(report.source.rawValue)), proposed: UInt32(report.proposed), kept: UInt32(report.kept),
                    microseconds: UInt32(clamping: Int(report.time / .microseconds(1))))
            },
            promotedIDs: list.promoted.map { UInt64(bitPattern: $0.rawValue) }, exposures: list.exposures,
            newcomerIDs: list.newcomers.map { UInt64(bitPattern: $0.rawValue) })
    }

    package func why(_ request: WhyRequest, context: CallContext) async throws -> WhyResponse {
        let query = try self.refusing { () throws(MeshError) in
            try self.query(
                GenerateRequest(userID: request.userID, limit: request.limit, excludeSeen: request.excludeSeen, filter: request.filter))
        }
        let target = try self.refusing { () throws(MeshError) in try Self.person(request.targetID) }
        guard let reasoning = self.generator.why(query, target: target) else {
            throw self.refused(.notFound, "The log has not brought one of the two.")
        }
        return WhyResponse(
            rules: reasoning.rules,
            proposals: reasoning.proposals.map { proposal in
                Proposal(
                    source: Source(rawValue: Int32(proposal.source.rawValue)), rank: UInt32(proposal.rank), score: proposal.score,
                    asked: UInt32(proposal.asked), found: UInt32(proposal.found))
            },
            rank: UInt32(reasoning.rank), score: reasoning.score, count: UInt32(reasoning.count),
            modelVersion: reasoning.modelVersion ?? "", position: reasoning.position, impressions: UInt32(reasoning.impressions),
            exposure: UInt32(reasoning.exposure), outsideTaste: reasoning.isOutsideTaste)
    }

    package func similar(_ request: SimilarRequest, context: CallContext) async throws -> SimilarResponse {
        let start = ContinuousClock.now
        let (person, viewer, limit) = try self.refusing { () throws(MeshError) in
            (
                try Self.person(request.userID), request.viewerID == 0 ? nil : try Self.person(request.viewerID),
                try Self.limit(request.limit, Self.limits.similar)
            )
        }
        guard let list = self.generator.similar(to: person, limit: limit, viewer: viewer) else {
            throw self.refused(.notFound, "The person does not exist.")
        }
        self.metrics.similarCalls.increment()
        self.metrics.similarSeconds.observe(start.duration(to: .now))
        return SimilarResponse(
            userIDs: list.people.map { UInt64(bitPattern: $0.rawValue) }, scores: list.scores, modelVersion: list.modelVersion ?? "")
    }

    /// Has the log read to its end, for as long as the settings and half of what is left to the call allow.
    private func wait(for tail: LogTail, until deadline: Deadline) async {
        let limit = min(self.settings.patience, deadline.remaining / 2)
        await withTaskGroup { group in
            group.addTask { await tail.reachEnd() }
            group.addTask { try? await self.clock.sleep(for: limit) }
            await group.next()
            group.cancelAll()
        }
    }

    // MARK: Requests

    private func query(_ request: GenerateRequest) throws(MeshError) -> CandidateQuery {
        var query = CandidateQuery(
            viewer: try Self.person(request.userID),
            limit: request.limit == 0 ? self.settings.topK : try Self.limit(request.limit, Self.limits.generate))
        query.excludingSeen = request.excludeSeen
        query.excluded = request.exclude.compactMap { Int64(exactly: $0).map { UserID($0) } }
        if let filter = request.filter { query.filter = try Self.filter(filter) }
        return query
    }

    private static func filter(_ filter: Filter) throws(MeshError) -> CandidateFilter {
        var result = CandidateFilter()
        if filter.minAge != nil || filter.maxAge != nil {
            let minimum = Int(filter.minAge ?? 0)
            let maximum = Int(filter.maxAge ?? UInt32(Int32.max))
            guard minimum <= maximum else { throw MeshError(.invalidArgument, "min_age is greater than max_age.") }
            result.ages = minimum...maximum
        }
        if !filter.gender.isEmpty {
            guard let gender = Gender(rawValue: filter.gender) else {
                throw MeshError(.invalidArgument, "gender must be male, female or other.")
            }
            result.gender = gender
        }
        if let distance = filter.maxDistanceKm {
            guard distance.isFinite, distance >= 0 else {
                throw MeshError(.invalidArgument, "max_distance_km must be a number of at least 0.")
            }
            result.maximumDistance = distance
        }
        if !filter.location.isEmpty { result.location = filter.location }
        if !filter.interest.isEmpty { result.interest = filter.interest }
        return result
    }

    private static func person(_ id: UInt64) throws(MeshError) -> UserID {
        guard let id = Int64(exactly: id), id > 0 else { throw MeshError(.invalidArgument, "A person's id must be positive.") }
        return UserID(id)
    }

    private static func limit(_ limit: UInt32, _ most: Int) throws(MeshError) -> Int {
        guard (1...most).contains(Int(limit)) else { throw MeshError(.invalidArgument, "limit must be 1 to \(most).") }
        return Int(limit)
    }

    private func refusing<Result>(_ body: () throws(MeshError) -> Result) throws(MeshError) -> Result {
        do {
            return try body()
        } catch {
            self.metrics.refused.increment()
            throw error
        }
    }

    private func refused(_ code: MeshError.Code, _ message: String) -> MeshError {
        self.metrics.refused.increment()
        return MeshError(code, message)
    }
}
