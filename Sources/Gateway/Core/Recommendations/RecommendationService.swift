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

    func answer(_ query: RecommendationQuery, scope: RequestScope) async throws -> Response {
        // A further page comes from its cursor and is not worth a place in the cache.
        if query.cursor != nil { return self.response(try await self.generated(query, scope: scope, isCacheAway: false)) }
        let start = ContinuousClock.now
        let servedVersion = self.catalogue.servedVersion
        let key = "\(servedVersion)|\(query.cacheKey)"
        var lookup = CacheLookup.miss(nil)
        if await self.coherence.isCacheTrusted() {
            lookup = await TraceSpan.within("cache") { await self.cache.lookup(key, viewer: query.viewer) }
        }
        self.metrics.spent(start.duration(to: .now), in: .cache)
        switch lookup {
        case .hit(let stored):
            guard let answer = CachedAnswer(stored: stored) else { break }
            self.metrics.cacheHits.increment()
            self.metrics.hit.observe(start.duration(to: .now))
            self.servingLog.append(
                ServedList(
                    requestID: scope.requestID, listID: answer.listID, userID: query.viewer, servedAt: scope.receivedAt,
                    modelVersion: answer.modelVersion, entries: [], isCached: true))
            return self.response(answer)
        case .miss(let versions):
            (versions == nil ? self.metrics.cacheFailures : self.metrics.cacheMisses).increment()
            let list = try await self.generated(query, scope: scope, isCacheAway: versions == nil)
            let answer = self.encoded(list)
            // A stage that has another model already, or still, made a list that does not belong under this key.
            let isCurrent = list.modelVersion == query.algorithmVersion ?? servedVersion
            if let versions, list.degraded.isEmpty, isCurrent, !list.isStale {
                self.cache.store(
                    answer.stored, showing: list.entries.map(\.user.id), key: key, viewer: query.viewer, versions: versions)
            }
            return self.response(answer)
        }
        return self.response(try await self.generated(query, scope: scope, isCacheAway: false))
    }

    private func generated(_ query: RecommendationQuery, scope: RequestScope, isCacheAway: Bool) async throws -> RecommendedList {
        var list = try await self.pipeline.list(query, scope: scope)
        if isCacheAway {
            list.degraded.append(RecommendationPipeline.Stage.cache)
            self.metrics.degraded(RecommendationPipeline.Stage.cache)
            TraceSpan.current?.degraded(RecommendationPipeline.Stage.cache)
        }
        self.servingLog.append(
            ServedList(
                requestID: scope.requestID, listID: list.listID, userID: query.viewer, servedAt: scope.receivedAt,
                modelVersion: list.modelVersion,
                entries: list.entries.map { .init(userID: $0.user.id, score: Float($0.matchScore ?? 0), sources: $0.sources) },
                degraded: list.degraded))
        return list
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

    private func response(_ list: RecommendedList) -> Response { self.response(self.encoded(list)) }

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
