package import Domain
internal import LinearMath
internal import Synchronization
internal import Telemetry
internal import VectorIndex

/// Stage 1: asks all sources and merges what they propose.
package final class CandidateGenerator: Sendable {
    private let index: CandidateIndex
    let settings: CandidateSettings
    let filter: EligibilityFilter
    /// By raw value of the source.
    private let weights: [Float]
    let strategies: [any CandidateStrategy]
    private let content = ContentStrategy()
    let now: @Sendable () -> Timestamp
    private let scratches = Mutex<[Scratch]>([])

    package init(index: CandidateIndex, settings: CandidateSettings = CandidateSettings(), now: @escaping @Sendable () -> Timestamp) {
        self.index = index
        self.settings = settings
        self.filter = EligibilityFilter(index: index, settings: settings)
        self.now = now
        self.weights = CandidateSource.allCases.map { Float(settings.weights[$0] ?? 0) }
        self.strategies = [
            CollaborativeStrategy(), self.content, SocialStrategy(), NearbyStrategy(), PopularStrategy(),
            ExplorationStrategy(newcomerShare: settings.newcomerShare),
        ]
    }

    /// Proposes people for a viewer; for somebody whom the log has not brought yet, from the sources that need to know nobody.
    package func generate(_ query: CandidateQuery) -> CandidateList {
        let now = self.now()
        let span = TraceSpan.current
        return self.withScratch { state, scratch in
            let viewer = state.population.row(of: query.viewer)
            let strategyQuery = StrategyQuery(
                viewerID: query.viewer, viewer: viewer,
                eligibility: self.filter.eligibility(query, viewer: viewer, in: state, now: now, &scratch), now: now)
            let quotas = self.settings.quotas(limit: query.limit, tuned: state.factors?.quotas ?? [:])
            var merger = CandidateMerger(limit: query.limit, quotas: quotas, weights: self.weights)
            var list = CandidateList()
            for strategy in self.strategies {
                // Twice the quota: others have proposed some of them already, and some make up for sources with less.
                let count = min(query.limit, 2 * quotas[Int(strategy.source.rawValue)])
                guard count > 0 else { continue }
                let start = ContinuousClock.now
                let begin = span == nil ? 0 : TraceClock.now
                let hits = strategy.propose(count, for: strategyQuery, in: state, &scratch)
                merger.add(hits, from: strategy.source, &scratch)
                list.reports.append(.init(source: strategy.source, proposed: hits.count, time: start.duration(to: .now)))
                span?.add(
                    "source \(strategy.source.name)", from: begin,
                    [SpanAttribute("duet.asked", count), SpanAttribute("duet.proposed", hits.count)])
            }
            self.fillUp(&merger, query.limit, strategyQuery, in: state, &scratch)
            var candidates = merger.finish(&scratch, identifiers: state.population.identifiers)
            let promoted = self.promoted(for: strategyQuery, in: state)
            self.bringIn(promoted, &candidates, limit: query.limit)
            self.finish(&list, candidates, in: state)
            list.promoted = promoted.map { state.population.identifiers[$0] }
            if self.settings.reportsExposure { self.addExposures(&list, candidates, in: state, now: now) }
            list.isViewerKnown = viewer.map { state.population.alive[$0] } ?? false
            return list
        }
    }

    /// The people most like one person by what others think of them; by profile where that is not known.
    ///
    /// - Parameter viewer: On whose behalf: people severed from them are left out.
    /// - Returns: `nil` if the log has not brought the person. Scores are cosines, of profiles without the model's factors up to 1.
    package func similar(to person: UserID, limit: Int, viewer: UserID?) -> CandidateList? {
        self.withScratch { state, scratch in
            guard let row = state.population.row(of: person), state.population.alive[row] else { return nil }
            var people = state.population.alive
            people[row] = false
            self.filter.removeSevered(from: row, in: state, &people)
            people.subtract(state.seeking.hidden)
            if let viewer = viewer.flatMap({ state.population.row(of: $0) }) {
                people[viewer] = false
                state.seeking.keepMutual(with: viewer, in: state.population, &people, &scratch)
                self.filter.removeSevered(from: viewer, in: state, &people)
            }
            var list = CandidateList(modelVersion: state.factors?.version, position: state.position, isViewerKnown: true)
            let hits: [Hit]
            if let factors = state.factors, let direction = factors.directions.vector(row: row) {
                hits = factors.directions.search(direction, count: limit, allowed: people)
            } else {
                let most = 1 + self.content.ageWeight + self.content.placeWeight
                hits = self.content.alike(row, count: limit, among: people, in: state, &scratch)
                    .map { Hit(row: $0.row, score: $0.score / most) }
            }
            list.people = hits.map { state.population.identifiers[Int($0.row)] }
            list.scores = hits.map { max(-1, min(1, $0.score)) }
            return list
        }
    }

    /// Asks the sources that know somebody for everyone once more, as far as the list is not full and they are not switched off.
    private func fillUp(
        _ merger: inout CandidateMerger, _ limit: Int, _ query: StrategyQuery, in state: borrowing CandidateState,
        _ scratch: inout Scratch
    ) {
        for strategy in self.strategies where strategy.source == .popular || strategy.source == .exploration {
            guard merger.count < limit else { return }
            guard self.settings.shares[strategy.source] ?? 0 > 0 else { continue }
            merger.add(strategy.propose(limit, for: query, in: state, &scratch), from: strategy.source, &scratch)
        }
    }

    /// Those who like the viewer and may be shown, the latest first, up to the cap.
    private func promoted(for query: StrategyQuery, in state: borrowing CandidateState) -> [Int] {
        guard self.settings.promotions > 0, let viewer = query.viewer else { return [] }
        let words = query.eligibility.allowed.words
        let likes = state.opinions.incoming[viewer].filter { $0.isPositive && words.holds(Int32($0.row)) }
        return likes.sorted { $0.time > $1.time || ($0.time == $1.time && $0.row < $1.row) }.prefix(self.settings.promotions).map(\.row)
    }

    /// Sees to it that these people are among the candidates, in the places of the last ones if need be. Who was proposed by no source is
    /// said to come from exploration, which may propose anybody: their like must not show.
    private func bringIn(_ rows: [Int], _ candidates: inout [MergedCandidate], limit: Int) {
        guard !rows.isEmpty else { return }
        let wanted = Set(rows.map { Int32($0) })
        let missing = wanted.subtracting(candidates.map(\.row))
        guard !missing.isEmpty else { return }
        var surplus = candidates.count + missing.count - limit
        for index in candidates.indices.reversed() where surplus > 0 && !wanted.contains(candidates[index].row) {
            candidates.remove(at: index)
            surplus -= 1
        }
        let least = candidates.last?.score ?? 0
        candidates += rows.filter { missing.contains(Int32($0)) }.map {
            MergedCandidate(row: Int32($0), score: least, sources: CandidateSources(.exploration), isKept: true)
        }
    }

    private func addExposures(
        _ list: inout CandidateList, _ candidates: [MergedCandidate], in state: borrowing CandidateState, now: Timestamp
    ) {
        let day = ImpressionTable.day(of: now)
        let exploration = ExplorationStrategy(newcomerShare: self.settings.newcomerShare)
        list.exposures.reserveCapacity(candidates.count)
        for candidate in candidates {
            list.exposures.append(UInt32(state.impressions.exposure(of: Int(candidate.row), on: day)))
            if exploration.isNewcomer(Int(candidate.row), in: state, now: now) {
                list.newcomers.append(state.population.identifiers[Int(candidate.row)])
            }
        }
    }

    private func finish(_ list: inout CandidateList, _ candidates: [MergedCandidate], in state: borrowing CandidateState) {
        list.people.reserveCapacity(candidates.count)
        list.scores.reserveCapacity(candidates.count)
        list.sources.reserveCapacity(candidates.count)
        for candidate in candidates {
            list.people.append(state.population.identifiers[Int(candidate.row)])
            list.scores.append(candidate.score)
            list.sources.append(candidate.sources)
        }
        for index in list.reports.indices {
            let flag = CandidateSources(list.reports[index].source)
            list.reports[index].kept = list.sources.count { $0.contains(flag) }
        }
        list.modelVersion = state.factors?.version
        list.position = state.position
    }

    func withScratch<Result: Sendable>(_ body: (borrowing CandidateState, inout Scratch) -> sending Result) -> Result {
        var scratch = self.scratches.withLock { $0.popLast() } ?? Scratch()
        let result = self.index.read { state in
            scratch.prepare(capacity: state.population.capacity)
            return body(state, &scratch)
        }
        self.scratches.withLock { $0.append(scratch) }
        return result
    }
}
