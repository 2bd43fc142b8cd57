internal import Domain
internal import LinearMath

/// What people seek, kept from the other side: as bitmaps of those who would refuse somebody of a gender, an age, an intent, an interest.
///
/// Whom a viewer does not suit is then found by subtraction, 64 people in one operation, and who seeks nothing in particular costs nothing.
struct SeekingTable: Sendable {
    /// What one person seeks, in the terms of the population.
    struct Entry: Sendable {
        /// Bits by ``Gender/index``; 0: any.
        var genders: UInt8 = 0
        var ages: ClosedRange<Int>?
        /// Squared chord; `nil`: any distance.
        var reach: Double?
        /// Each once.
        var required: [Int32] = []
        var excluded: [Int32] = []
        var intent: Intent?
    }

    /// Where a viewer's gender or age is not known.
    private static let unknownGender = Gender.allCases.count
    private static let unknownAge = Population.maximumAge + 1

    /// Those who seek anything, by row.
    private(set) var entries: [Int32: Entry] = [:]
    /// People who paused or are banned.
    private(set) var hidden = Bitmap(count: 0)
    private var refusesGender = [Bitmap](repeating: Bitmap(count: 0), count: Self.unknownGender + 1)
    private var refusesAge = [Bitmap](repeating: Bitmap(count: 0), count: Self.unknownAge + 1)
    private var byIntent = Intent.allCases.map { _ in Bitmap(count: 0) }
    private var excludedBy: [Int32: RowSet] = [:]
    /// People who require an interest, whichever.
    private var requiring = Bitmap(count: 0)
    private var requiredBy: [Int32: [Int32]] = [:]
    /// People who set a distance, and by row which, as a squared chord.
    private var limited = Bitmap(count: 0)
    private var reaches: [Double] = []
    /// No reach was ever longer.
    private var greatestReach: Double = 0

    // MARK: Writing

    mutating func setHidden(_ isHidden: Bool, row: Int, capacity: Int) {
        Self.set(isHidden, row, in: &self.hidden, capacity: capacity)
    }

    /// - Parameter capacity: Rows that there may be at present.
    mutating func set(_ entry: Entry?, row: Int, capacity: Int) {
        if let previous = self.entries.removeValue(forKey: Int32(row)) { self.mark(previous, false, row, capacity) }
        guard let entry else { return }
        self.entries[Int32(row)] = entry
        self.mark(entry, true, row, capacity)
    }

    private mutating func mark(_ entry: Entry, _ isSet: Bool, _ row: Int, _ capacity: Int) {
        if entry.genders != 0 {
            for gender in 0..<Self.unknownGender where entry.genders >> UInt8(gender) & 1 == 0 {
                Self.set(isSet, row, in: &self.refusesGender[gender], capacity: capacity)
            }
            Self.set(isSet, row, in: &self.refusesGender[Self.unknownGender], capacity: capacity)
        }
        if let ages = entry.ages {
            for age in 0...Self.unknownAge where !ages.contains(age) || age == Self.unknownAge {
                Self.set(isSet, row, in: &self.refusesAge[age], capacity: capacity)
            }
        }
        if let intent = entry.intent { Self.set(isSet, row, in: &self.byIntent[intent.index], capacity: capacity) }
        for interest in entry.excluded {
            if isSet {
                self.excludedBy[interest, default: RowSet()].insert(row, capacity: capacity)
            } else {
                self.excludedBy[interest]?.remove(row)
            }
        }
        for interest in entry.required {
            if isSet { self.requiredBy[interest, default: []].append(Int32(row)) } else { self.requiredBy[interest]?.removeRow(row) }
        }
        if !entry.required.isEmpty { Self.set(isSet, row, in: &self.requiring, capacity: capacity) }
        guard let reach = entry.reach else { return }
        Self.set(isSet, row, in: &self.limited, capacity: capacity)
        if self.reaches.count < capacity { self.reaches += repeatElement(0, count: capacity - self.reaches.count) }
        self.reaches[row] = reach
        self.greatestReach = max(self.greatestReach, reach)
    }

    private static func set(_ isSet: Bool, _ row: Int, in bitmap: inout Bitmap, capacity: Int) {
        if bitmap.count < capacity { bitmap.grow(to: capacity) }
        bitmap[row] = isSet
    }

    // MARK: Reading

    /// Keeps those whom the viewer seeks and who would not refuse the viewer.
    func keepMutual(with viewer: Int, in population: borrowing Population, _ people: inout Bitmap, _ scratch: inout Scratch) {
        self.removeRefusing(viewer, in: population, &people, &scratch)
        guard let entry = self.entries[Int32(viewer)] else { return }
        if entry.genders != 0 {
            var sought = Bitmap(count: people.count)
            for gender in 0..<Self.unknownGender where entry.genders >> UInt8(gender) & 1 == 1 {
                sought.formUnion(population.byGender[gender])
            }
            people.formIntersection(sought)
        }
        if let ages = entry.ages { population.formAgeRange(ages, into: &people) }
        for interest in entry.required {
            people.formIntersection(population.peopleByInterest[Int(interest)].bitmap(capacity: population.capacity))
        }
        for interest in entry.excluded { people.subtract(population.peopleByInterest[Int(interest)]) }
        if let reach = entry.reach {
            people.formIntersection(Self.near(viewer, in: population, within: reach) { _, chord in chord <= reach })
        }
    }

    /// The first thing that one person seeks and another lacks, as ``keepMutual(with:in:_:_:)`` sees it; for explanations.
    func broken(by other: Int, seenFrom row: Int, in population: borrowing Population) -> Preferences.Rule? {
        guard let entry = self.entries[Int32(row)] else { return nil }
        if entry.genders != 0, population.gender(of: other).map({ entry.genders >> UInt8($0.index) & 1 == 0 }) ?? true { return .gender }
        if let ages = entry.ages, !ages.contains(Int(population.ages[other])) { return .age }
        if let reach = entry.reach {
            let isNear =
                if population.located[row], population.located[other], let here = population.directions[row],
                    let there = population.directions[other]
                { here.chordSquared(to: there) <= reach } else { population.isSamePlace(row, other) }
            if !isNear { return .distance }
        }
        let interests = population.interestsOf[other]
        if !entry.required.allSatisfy(interests.contains) { return .requiredInterests }
        if entry.excluded.contains(where: interests.contains) { return .excludedInterests }
        return nil
    }

    private func removeRefusing(
        _ viewer: Int, in population: borrowing Population, _ people: inout Bitmap, _ scratch: inout Scratch
    ) {
        guard !self.entries.isEmpty else { return }
        people.subtract(self.refusesGender[population.gender(of: viewer)?.index ?? Self.unknownGender])
        let age = population.ages[viewer]
        people.subtract(self.refusesAge[age == Population.unknown ? Self.unknownAge : Int(age)])
        if let intent = self.entries[Int32(viewer)]?.intent {
            for other in Intent.allCases where other != intent { people.subtract(self.byIntent[other.index]) }
        }
        let interests = population.interestsOf[viewer]
        for interest in interests { if let refusing = self.excludedBy[interest] { people.subtract(refusing) } }
        if !self.requiring.isEmpty {
            // Whoever requires something, but for those of whose requirements the viewer meets as many as there are.
            var unmet = self.requiring
            for interest in interests { if let rows = self.requiredBy[interest] { scratch.add(1, to: rows) } }
            scratch.drainEach { row, met in
                if let entry = self.entries[row], Int(met) == entry.required.count { unmet[Int(row)] = false }
            }
            people.subtract(unmet)
        }
        if !self.limited.isEmpty {
            let words = self.limited.words
            var beyond = self.limited
            beyond.subtract(
                Self.near(viewer, in: population, within: self.greatestReach) { row, chord in
                    words.holds(row) && chord <= self.reaches[Int(row)]
                })
            people.subtract(beyond)
        }
    }

    /// People near somebody: by their own places, and where either has none, those of the same place by name.
    ///
    /// - Parameters:
    ///   - limit: Squared chord beyond which nobody is looked at.
    ///   - isNear: Decides for a row and its squared chord.
    private static func near(
        _ viewer: Int, in population: borrowing Population, within limit: Double, _ isNear: (Int32, Double) -> Bool
    ) -> Bitmap {
        let place = Int(population.placeOf[viewer])
        var near = place < 0 ? Bitmap(count: population.capacity) : population.places[place].people.bitmap(capacity: population.capacity)
        guard population.located[viewer], let origin = population.directions[viewer] else { return near }
        near.subtract(population.located)
        let located = population.located.words
        let directions = population.directions
        let centres = population.grid.centres
        for cell in centres.indices where CellGrid.leastChordSquared(from: origin, toCellAt: centres[cell]) <= limit {
            for row in population.grid.rows[cell] where located.holds(row) {
                if let direction = directions[Int(row)], isNear(row, direction.chordSquared(to: origin)) { near[Int(row)] = true }
            }
        }
        return near
    }
}
