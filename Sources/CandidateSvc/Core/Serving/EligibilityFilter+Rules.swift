internal import Domain
internal import LinearMath

extension EligibilityFilter {
    /// Names of all rules that keep a person out of a viewer's lists, for operators; empty where none does.
    func rules(
        against target: Int, for viewer: Int, _ query: CandidateQuery, in state: borrowing CandidateState, now: Timestamp
    ) -> [String] {
        guard target != viewer else { return ["self"] }
        guard state.population.alive[target] else { return ["no_profile"] }
        var rules: [String] = []
        func add(_ rule: String, if isBroken: Bool) { if isBroken { rules.append(rule) } }
        add("hidden", if: target < state.seeking.hidden.count && state.seeking.hidden[target])
        add("idle", if: state.population.idle[target])
        self.addFilters(query.filter, target, viewer, in: state, &rules)
        if let rule = state.seeking.broken(by: target, seenFrom: viewer, in: state.population) { rules.append("viewer_seeks.\(rule.rawValue)") }
        if let rule = state.seeking.broken(by: viewer, seenFrom: target, in: state.population) { rules.append("target_seeks.\(rule.rawValue)") }
        let intents = (state.seeking.entries[Int32(viewer)]?.intent, state.seeking.entries[Int32(target)]?.intent)
        if let own = intents.0, let theirs = intents.1 { add("intent", if: own != theirs) }
        self.addSeverances(target, viewer, "viewer", in: state, &rules)
        self.addSeverances(viewer, target, "target", in: state, &rules)
        if query.excludingSeen, let edge = state.opinions.edge(from: viewer, to: target),
            !Self.isForgotten(edge, before: self.settings.passHorizon(now: now))
        {
            rules.append(Opinion(rawValue: edge.label).map { "seen.\($0)" } ?? "seen")
        }
        if query.excludingSeen, self.settings.fatigueImpressions > 0 {
            let impressions = state.impressions.impressions(of: target, on: viewer, day: ImpressionTable.day(of: now))
            add("fatigue", if: impressions >= self.settings.fatigueImpressions)
        }
        add("excluded", if: query.excluded.contains(state.population.identifiers[target]))
        return rules
    }

    private func addFilters(
        _ filter: CandidateFilter, _ target: Int, _ viewer: Int, in state: borrowing CandidateState, _ rules: inout [String]
    ) {
        var parts: [(name: String, filter: CandidateFilter)] = []
        func part(_ name: String, _ set: (inout CandidateFilter) -> Void) {
            var only = CandidateFilter()
            set(&only)
            if only != CandidateFilter() { parts.append((name, only)) }
        }
        part("age") { $0.ages = filter.ages }
        part("gender") { $0.gender = filter.gender }
        part("location") { $0.location = filter.location }
        part("distance") { $0.maximumDistance = filter.maximumDistance }
        part("interest") { $0.interest = filter.interest }
        for (name, only) in parts {
            var people = Bitmap(count: state.population.capacity)
            people[target] = true
            self.apply(only, viewer: viewer, in: state, to: &people)
            if !people[target] { rules.append("filter.\(name)") }
        }
    }

    private func addSeverances(_ target: Int, _ by: Int, _ name: String, in state: borrowing CandidateState, _ rules: inout [String]) {
        guard let label = state.severances.edge(from: by, to: target)?.label else { return }
        if label & CandidateState.block != 0 { rules.append("blocked_by_\(name)") }
        if label & CandidateState.report != 0 { rules.append("reported_by_\(name)") }
    }
}
