internal import Domain
internal import LinearMath

/// The people who may be proposed.
struct Eligibility {
    /// All whom the rules allow.
    var allowed: Bitmap
    /// Of those, the ones who fit what both sides have shown to like.
    var preferred: Bitmap
    let allowedCount: Int
    let preferredCount: Int

    init(allowed: Bitmap, preferred: Bitmap) {
        self.allowed = allowed
        self.preferred = preferred
        self.allowedCount = allowed.popCount
        self.preferredCount = preferred.popCount
    }
}

/// Decides who may be proposed to a viewer, as bitmaps over the rows that the searches of all sources respect.
struct EligibilityFilter {
    let index: CandidateIndex
    let settings: CandidateSettings

    /// - Parameter viewer: The viewer's row; `nil` for somebody whom the log has not brought yet.
    func eligibility(
        _ query: CandidateQuery, viewer: Int?, in state: borrowing CandidateState, now: Timestamp, _ scratch: inout Scratch
    ) -> Eligibility {
        var allowed = state.population.alive
        allowed.subtract(state.seeking.hidden)
        allowed.subtract(state.population.idle)
        self.apply(query.filter, viewer: viewer, in: state, to: &allowed)
        if let viewer {
            state.seeking.keepMutual(with: viewer, in: state.population, &allowed, &scratch)
            allowed[viewer] = false
            if query.excludingSeen { self.removeSeen(by: viewer, in: state, now: now, &allowed) }
            self.removeSevered(from: viewer, in: state, &allowed)
        }
        for id in query.excluded { if let row = state.population.row(of: id) { allowed[row] = false } }
        return Eligibility(allowed: allowed, preferred: self.preferred(allowed, viewer: viewer, in: state))
    }

    /// Takes out whom the viewer has judged, as far as that counts, and who was shown too often without an answer.
    private func removeSeen(by viewer: Int, in state: borrowing CandidateState, now: Timestamp, _ people: inout Bitmap) {
        let horizon = self.settings.passHorizon(now: now)
        for edge in state.opinions.outgoing[viewer] where !Self.isForgotten(edge, before: horizon) { people[edge.row] = false }
        guard self.settings.fatigueImpressions > 0 else { return }
        let day = ImpressionTable.day(of: now)
        state.impressions.forEachTired(of: viewer, times: self.settings.fatigueImpressions, day: day) { people[$0] = false }
    }

    static func isForgotten(_ edge: Edge, before horizon: UInt32) -> Bool {
        edge.label == Opinion.pass.rawValue && edge.time < horizon
    }

    /// Takes out everybody whom a block or report hides from the viewer, in either direction.
    func removeSevered(from viewer: Int, in state: borrowing CandidateState, _ people: inout Bitmap) {
        for edge in state.severances.outgoing[viewer] { people[edge.row] = false }
        for edge in state.severances.incoming[viewer] { people[edge.row] = false }
    }

    /// Keeps who is in the filter.
    func apply(_ filter: CandidateFilter, viewer: Int?, in state: borrowing CandidateState, to people: inout Bitmap) {
        if let gender = filter.gender { people.formIntersection(state.population.byGender[gender.index]) }
        if let ages = filter.ages { state.population.formAgeRange(ages, into: &people) }
        if let interest = filter.interest {
            let holders = state.population.interest(interest).map { state.population.peopleByInterest[$0] } ?? RowSet()
            people.formIntersection(holders.bitmap(capacity: state.population.capacity))
        }
        if let location = filter.location {
            let needle = Array(location.lowercased().utf8)
            var inPlace = Bitmap(count: state.population.capacity)
            for place in self.index.places(containing: needle, in: state.population) {
                inPlace.formUnion(state.population.places[Int(place)].people)
            }
            people.formIntersection(inPlace)
        }
        if let distance = filter.maximumDistance {
            Self.keepNear(viewer.flatMap { state.population.directions[$0] }, within: distance, in: state, &people)
        }
    }

    private static func keepNear(
        _ origin: Direction?, within kilometres: Double, in state: borrowing CandidateState, _ people: inout Bitmap
    ) {
        guard let origin else { return people.removeAll() }
        let reach = Direction.chordSquared(kilometres: kilometres)
        let directions = state.population.directions
        var near = Bitmap(count: people.count)
        people.forEachRow { row in
            if let direction = directions[row], direction.chordSquared(to: origin) <= reach { near[row] = true }
        }
        people = near
    }

    /// Genders that the viewer likes, and people who may like the viewer's: inferred from likes, never from a profile.
    private func preferred(_ allowed: Bitmap, viewer: Int?, in state: borrowing CandidateState) -> Bitmap {
        guard let viewer else { return allowed }
        var liked = allowed
        if let genders = state.tastes.genders(of: viewer, share: self.settings.tasteShare) {
            var ofGenders = Bitmap(count: state.population.capacity)
            for gender in genders { ofGenders.formUnion(state.population.byGender[gender.index]) }
            liked.formIntersection(ofGenders)
            // A filter that asks for others is an answer, too.
            if liked.isEmpty { liked = allowed }
        }
        guard let gender = state.population.gender(of: viewer) else { return liked }
        var mutual = liked
        mutual.formIntersection(state.tastes.openTo[gender.index])
        return mutual.popCount >= self.settings.reciprocalMinimum ? mutual : liked
    }
}
