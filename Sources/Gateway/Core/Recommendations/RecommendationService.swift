internal import Domain
internal import HTTPTypes
internal import Hummingbird
internal import Telemetry

/// Answers requests for recommendations: from the cache where nothing that is shown has changed, else from the pipeline.
struct RecommendationService: Sendable {
    let pipeline: RecommendationPipeline
    let cache: any RecommendationCache
    let coherence: CacheCoherence
    let catalogue: ModelCatalogue
    let servingLog: ServingLogWriter
    let metrics: GatewayMetrics
    private let keptLists = KeptLists()

    init(
        pipeline: RecommendationPipeline, cache: any RecommendationCache, coherence: CacheCoherence, catalogue: ModelCatalogue,
        servingLog: ServingLogWriter, metrics: GatewayMetrics
    ) {
        self.pipeline = pipeline
        self.cache = cache
        self.coherence = coherence
        self.catalogue = catalogue
        self.servingLog = servingLog
        self.metrics = metrics
    }

    /// A list that the cache may hold.
    private struct Wanted {
        let query: RecommendationQuery
        let servedVersion: String
        let scope: RequestScope
        let start = ContinuousClock.now

        var key: String { "\(self.servedVersion)|\(self.query.cacheKey)" }
    }

    func answer(_ query: RecommendationQuery, scope: RequestScope) async throws -> Response {
        // A further page comes from its cursor and is not worth a place in the cache.
        if query.cursor != nil {
            let list = try await self.pipeline.list(query, scope: scope)
            self.log(list, query, scope: scope)
            return self.response(self.encoded(list))
        }
        let wanted = Wanted(query: query, servedVersion: self.catalogue.servedVersion, scope: scope)
        let key = wanted.key
        if self.keptLists.contains(key, of: query.viewer) {
            let lookup = await self.lookup(key, of: query.viewer, since: wanted.start)
            if let answer = self.hit(lookup, wanted) { return self.response(answer) }
            return self.response(self.keep(try await self.pipeline.list(query, scope: scope), lookup, key, wanted))
        }
        // Nobody has met such a list here lately: most likely there is none, and stage 1 need not wait for the cache to say so.
        async let proposal = self.pipeline.proposal(query, scope: scope)
        let lookup = await self.lookup(key, of: query.viewer, since: wanted.start)
        if let answer = self.hit(lookup, wanted) {
            self.keptLists.insert(key, of: query.viewer)
            return self.response(answer)
        }
        // Not before the versions are known under which the list will be kept: whatever changes after them makes it unreachable.
        async let look = self.pipeline.look(query, scope: scope)
        let list = try await self.pipeline.list(try await proposal, query, try await look, since: wanted.start, scope: scope)
        return self.response(self.keep(list, lookup, key, wanted))
    }

    // MARK: The cache

    private func lookup(_ key: String, of viewer: UserID, since start: ContinuousClock.Instant) async -> CacheLookup {
        var lookup = CacheLookup.miss(nil)
        if await self.coherence.isCacheTrusted() {
            lookup = await TraceSpan.within("cache") { await self.cache.lookup(key, viewer: viewer) }
        }
        self.metrics.spent(start.duration(to: .now), in: .cache)
        return lookup
    }

    private func hit(_ lookup: CacheLookup, _ wanted: Wanted) -> CachedAnswer? {
        guard case .hit(let stored) = lookup, let answer = CachedAnswer(stored: stored) else { return nil }
        self.metrics.cacheHits.increment()
        self.metrics.hit.observe(wanted.start.duration(to: .now))
        self.servingLog.append(
            ServedList(
                requestID: wanted.scope.requestID, listID: answer.listID, userID: wanted.query.viewer, servedAt: wanted.scope.receivedAt,
                modelVersion: answer.modelVersion, entries: [], isCached: true))
        return answer
    }

    /// Keeps a list for the next request, unless something was missing while it was made.
    private func keep(_ list: RecommendedList, _ lookup: CacheLookup, _ key: String, _ wanted: Wanted) -> CachedAnswer {
        var list = list
        var versions: CacheVersions?
        if case .miss(let found) = lookup {
            versions = found
            (found == nil ? self.metrics.cacheFailures : self.metrics.cacheMisses).increment()
            if found == nil {
                list.degraded.append(RecommendationPipeline.Stage.cache)
                self.metrics.degraded(RecommendationPipeline.Stage.cache)
                TraceSpan.current?.degraded(RecommendationPipeline.Stage.cache)
            }
        }
        self.log(list, wanted.query, scope: wanted.scope)
        let answer = self.encoded(list)
        // A stage that has another model already, or still, made a list that does not belong under this key.
        let isCurrent = list.modelVersion == wanted.query.algorithmVersion ?? wanted.servedVersion
        if let versions, list.degraded.isEmpty, isCurrent, !list.isStale {
            let viewer = wanted.query.viewer
            self.cache.store(answer.stored, showing: list.entries.map(\.user.id), key: key, viewer: viewer, versions: versions)
            self.keptLists.insert(key, of: viewer)
        }
        return answer
    }

    private func log(_ list: RecommendedList, _ query: RecommendationQuery, scope: RequestScope) {
        self.servingLog.append(
            ServedList(
                requestID: scope.requestID, listID: list.listID, userID: query.viewer, servedAt: scope.receivedAt,
                modelVersion: list.modelVersion,
                entries: list.entries.map { .init(userID: $0.user.id, score: Float($0.matchScore ?? 0), sources: $0.sources) },
                degraded: list.degraded))
    }

    private func encoded(_ list: RecommendedList) -> CachedAnswer {
        let start = ContinuousClock.now
        let begin = TraceClock.now
        defer {
            self.metrics.spent(start.duration(to: .now), in: .encoding)
            TraceSpan.current?.add("encoding", from: begin)
        }
        return CachedAnswer(
            listID: list.listID, modelVersion: list.modelVersion,
            body: JSONWriter.bytes(reservingCapacity: 512 + 400 * list.entries.count) { $0.recommendations(list) }[...])
    }

    private func response(_ answer: CachedAnswer) -> Response {
        Response(status: .ok, headers: [.contentType: "application/json"], body: .init(byteBuffer: ByteBuffer(bytes: answer.body)))
    }
}

extension TraceSpan {
    /// Notes that a list was made without a stage: such a trace is always kept.
    func degraded(_ stage: String) {
        self.event("degraded", SpanAttribute("duet.stage", stage))
        self.keep()
    }
}

/// A finished body with the little that must be known of it without reading it.
struct CachedAnswer: Hashable {
    var listID: String
    var modelVersion: String
    var body: ArraySlice<UInt8>

    init(listID: String, modelVersion: String, body: ArraySlice<UInt8>) {
        self.listID = listID
        self.modelVersion = modelVersion
        self.body = body
    }

    /// Format, list and model, a line each, then the body.
    var stored: [UInt8] {
        var bytes = Array("1\n\(self.listID)\n\(self.modelVersion)\n".utf8)
        bytes.append(contentsOf: self.body)
        return bytes
    }

    /// - Returns: `nil` for what another version of this program stored.
    init?(stored: [UInt8]) {
        let lines = stored.split(separator: UInt8(ascii: "\n"), maxSplits: 3, omittingEmptySubsequences: false)
        guard lines.count == 4, lines[0].elementsEqual("1".utf8) else { return nil }
        self.init(
            listID: String(decoding: lines[1], as: UTF8.self), modelVersion: String(decoding: lines[2], as: UTF8.self),
            body: lines[3])
    }
}
