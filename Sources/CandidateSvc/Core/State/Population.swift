internal import Domain
internal import LinearMath

/// People as dense rows, one column for each attribute that a search looks at.
///
/// A row is given once and never to somebody else: an erased person's row stays empty until the process ends. Rows are given in blocks
/// of one gender each, so that a search among one gender passes over the others in whole words and whole blocks of vectors.
struct Population: Sendable {
    static let maximumAge = 120
    /// Where a person's age, gender or place is not known.
    static let unknown: UInt8 = 255
    /// Rows given to one gender at a time.
    static let blockSize = 256
    private static let day: Int64 = 86_400_000_000

    /// Zero for a row that belongs to nobody.
    private(set) var identifiers: [UserID] = []
    private var rows = RowDirectory()
    /// A power of two that all identifiers lie below.
    private(set) var identifierSpan: UInt64 = 1024
    private var erased: Set<UserID> = []
    /// Rows of the block that is being filled, by gender; the last one is for people of no known gender.
    private var openRows = [Range<Int>](repeating: 0..<0, count: Gender.allCases.count + 1)
    /// Bits that every bitmap holds; a power of two, at least the number of rows.
    private(set) var capacity = 0

    /// People who exist; a row that is only met in interactions or was erased is not among them.
    private(set) var alive = Bitmap(count: 0)
    private(set) var aliveCount = 0
    private(set) var byGender: [Bitmap] = Gender.allCases.map { _ in Bitmap(count: 0) }
    /// Range-encoded (Chan & Ioannidis 1998): bitmap `a` holds everybody of age `a` or less, so any range costs two operations.
    private(set) var upToAge: [Bitmap] = (0...Self.maximumAge).map { _ in Bitmap(count: 0) }

    private(set) var ages: [UInt8] = []
    private(set) var genders: [UInt8] = []
    /// Microseconds since 1970; the sign-up where no activity is known.
    private(set) var lastActive: [Int64] = []
    private(set) var createdAt: [Int64] = []
    /// People who were not active at a moment or later; nobody before a threshold was set.
    private(set) var idle = Bitmap(count: 0)
    private var idleThreshold = Int64.min
    private(set) var directions: [Direction?] = []
    private(set) var grid = CellGrid()
    private(set) var placeOf: [Int32] = []
    private(set) var interestsOf: [[Int32]] = []
    /// People who stand at a place of their own, not at that of others with the same location.
    private(set) var located = Bitmap(count: 0)

    private(set) var places: [Place] = []
    private var placeIndex: [String: Int32] = [:]
    /// The first spelling of each place; of interests likewise.
    private var placeSpellings: [String: Int32] = [:]
    private var interestSpellings: [String: Int32] = [:]
    private(set) var peopleByInterest: [RowSet] = []
    private var interestIndex: [String: Int32] = [:]
    /// People by the day of their sign-up, counted from 1970, in no order.
    private var signUps: [Int64: [Int32]] = [:]

    /// Rows given so far, and those kept free for people of a gender.
    var count: Int { self.identifiers.count }

    /// The row of a person who exists or whom the log has named.
    func row(of id: UserID) -> Int? { self.rows[id].map(Int.init) }

    func isErased(_ id: UserID) -> Bool { self.erased.contains(id) }

    func interest(_ name: String) -> Int? { self.interestIndex[name.lowercased()].map(Int.init) }

    /// Whether two people gave the same location, in any case.
    func isSamePlace(_ one: Int, _ other: Int) -> Bool { self.placeOf[one] >= 0 && self.placeOf[one] == self.placeOf[other] }

    /// The numbers of some interests, each once, given now if need be.
    mutating func intern(interests names: [String]) -> [Int32] {
        var interests: [Int32] = []
        for name in names {
            let interest = self.internInterest(name)
            if !interests.contains(interest) { interests.append(interest) }
        }
        return interests
    }

    func gender(of row: Int) -> Gender? { self.genders[row] == Self.unknown ? nil : Gender.allCases[Int(self.genders[row])] }

    /// People who signed up at a moment or later, with some who did earlier that day.
    func signedUp(since moment: Int64, until now: Int64) -> [[Int32]] {
        // A sign-up may bear a time that is a little ahead of this machine's.
        (moment / Self.day...max(moment, now) / Self.day + 1).compactMap { self.signUps[$0] }
    }

    /// People of an age in the range; nobody whose age is unknown.
    func formAgeRange(_ range: ClosedRange<Int>, into people: inout Bitmap) {
        let upper = min(range.upperBound, Self.maximumAge)
        guard upper >= 0, range.lowerBound <= Self.maximumAge else { return people.removeAll() }
        people.formIntersection(self.upToAge[upper])
        if range.lowerBound > 0 { people.subtract(self.upToAge[range.lowerBound - 1]) }
    }

    /// The row of a person, given now if need be. `nil` for somebody who was erased.
    ///
    /// - Parameter gender: Decides in which block a new row lies; where it changes later, the row stays.
    mutating func reserveRow(for id: UserID, gender: Gender? = nil) -> Int? {
        if let row = self.rows[id] { return Int(row) }
        guard !self.erased.contains(id) else { return nil }
        let block = gender?.index ?? Gender.allCases.count
        if self.openRows[block].isEmpty { self.openRows[block] = self.addBlock() }
        let row = self.openRows[block].removeFirst()
        self.rows.insert(id, Int32(row))
        self.identifiers[row] = id
        while id.rawValue >= self.identifierSpan { self.identifierSpan *= 2 }
        return row
    }

    private mutating func addBlock() -> Range<Int> {
        let block = self.count..<self.count + Self.blockSize
        func grow<Element>(_ column: inout [Element], _ value: Element) { column += repeatElement(value, count: Self.blockSize) }
        grow(&self.identifiers, UserID(0))
        grow(&self.ages, Self.unknown)
        grow(&self.genders, Self.unknown)
        grow(&self.lastActive, 0)
        grow(&self.createdAt, 0)
        grow(&self.directions, nil)
        grow(&self.placeOf, -1)
        grow(&self.interestsOf, [])
        if block.upperBound > self.capacity { self.grow(to: max(1024, self.capacity * 2)) }
        return block
    }

    /// Brings a person's columns up to date.
    mutating func update(_ user: User, row: Int) {
        if !self.alive[row] {
            self.alive[row] = true
            self.aliveCount += 1
        }
        self.setGender(user.gender, row)
        self.setAge(user.age, row)
        self.setSignUp(user.createdAt.rawValue, row)
        self.setLastActive((user.lastActiveAt ?? user.createdAt).rawValue, row)
        self.setPlace(user.location, user.coordinate, row)
        self.setInterests(user.interests, row)
    }

    /// Notes activity that the log shows before the profile does.
    mutating func touch(_ row: Int, at moment: Timestamp) {
        self.setLastActive(max(self.lastActive[row], moment.rawValue), row)
    }

    /// Looks at everybody: some milliseconds for a million people.
    mutating func setIdleThreshold(_ moment: Int64) {
        self.idleThreshold = moment
        for row in 0..<self.count { self.idle[row] = self.lastActive[row] < moment }
    }

    private mutating func setLastActive(_ moment: Int64, _ row: Int) {
        self.lastActive[row] = moment
        if self.idleThreshold != .min { self.idle[row] = moment < self.idleThreshold }
    }

    /// Empties a person's row and forgets who they were, for good.
    mutating func erase(_ id: UserID) {
        self.erased.insert(id)
        guard let row = self.rows.remove(id).map(Int.init) else { return }
        if self.alive[row] {
            self.alive[row] = false
            self.aliveCount -= 1
        }
        self.setGender(nil, row)
        self.setAge(nil, row)
        self.setPlace(nil, nil, row)
        self.setInterests([], row)
        self.lastActive[row] = 0
        self.setSignUp(0, row)
        self.identifiers[row] = UserID(0)
    }

    // MARK: Columns

    private mutating func grow(to capacity: Int) {
        self.capacity = capacity
        self.alive.grow(to: capacity)
        self.located.grow(to: capacity)
        self.idle.grow(to: capacity)
        for index in self.byGender.indices { self.byGender[index].grow(to: capacity) }
        for index in self.upToAge.indices { self.upToAge[index].grow(to: capacity) }
    }

    private mutating func setGender(_ gender: Gender?, _ row: Int) {
        let code = gender.map { UInt8($0.index) } ?? Self.unknown
        let previous = self.genders[row]
        guard code != previous else { return }
        if previous != Self.unknown { self.byGender[Int(previous)][row] = false }
        if code != Self.unknown { self.byGender[Int(code)][row] = true }
        self.genders[row] = code
    }

    private mutating func setAge(_ age: Int?, _ row: Int) {
        let code = age.map { UInt8(max(0, min($0, Self.maximumAge))) } ?? Self.unknown
        let previous = self.ages[row]
        guard code != previous else { return }
        if previous != Self.unknown { for age in Int(previous)...Self.maximumAge { self.upToAge[age][row] = false } }
        if code != Self.unknown { for age in Int(code)...Self.maximumAge { self.upToAge[age][row] = true } }
        self.ages[row] = code
    }

    /// - Parameter moment: 0 for nobody's row.
    private mutating func setSignUp(_ moment: Int64, _ row: Int) {
        let previous = self.createdAt[row]
        guard moment != previous else { return }
        if previous != 0 { self.signUps[previous / Self.day]?.removeRow(row) }
        if moment != 0 { self.signUps[moment / Self.day, default: []].append(Int32(row)) }
        self.createdAt[row] = moment
    }

    private mutating func setPlace(_ location: String?, _ coordinate: Coordinate?, _ row: Int) {
        let place = location.map { self.internPlace($0) } ?? -1
        let previous = self.placeOf[row]
        if place != previous {
            if previous >= 0 { self.places[Int(previous)].people.remove(row) }
            if place >= 0 { self.places[Int(place)].people.insert(row, capacity: self.capacity) }
            self.placeOf[row] = place
        }
        self.located[row] = coordinate != nil
        self.setDirection(coordinate.map(Direction.init) ?? (place >= 0 ? self.places[Int(place)].direction : nil), row)
        if place >= 0, self.places[Int(place)].direction == nil, let direction = self.directions[row] {
            self.places[Int(place)].direction = direction
            for other in self.places[Int(place)].people.rows where !self.located[Int(other)] {
                self.setDirection(direction, Int(other))
            }
        }
    }

    private mutating func setDirection(_ direction: Direction?, _ row: Int) {
        self.grid.move(row, from: self.directions[row], to: direction)
        self.directions[row] = direction
    }

    private mutating func setInterests(_ names: [String], _ row: Int) {
        let interests = self.intern(interests: names)
        let previous = self.interestsOf[row]
        guard interests != previous else { return }
        for interest in previous { self.peopleByInterest[Int(interest)].remove(row) }
        for interest in interests { self.peopleByInterest[Int(interest)].insert(row, capacity: self.capacity) }
        self.interestsOf[row] = interests
    }

    private mutating func internPlace(_ location: String) -> Int32 {
        // Most are spelt in the one way that came first: lower-casing each costs more than to keep that spelling too.
        if let place = self.placeSpellings[location] { return place }
        let text = location.lowercased()
        if let place = self.placeIndex[text] { return place }
        let place = Int32(self.places.count)
        self.places.append(Place(text: Array(text.utf8)))
        self.placeIndex[text] = place
        self.placeSpellings[location] = place
        return place
    }

    private mutating func internInterest(_ name: String) -> Int32 {
        if let interest = self.interestSpellings[name] { return interest }
        let text = name.lowercased()
        if let interest = self.interestIndex[text] { return interest }
        let interest = Int32(self.peopleByInterest.count)
        self.peopleByInterest.append(RowSet())
        self.interestIndex[text] = interest
        self.interestSpellings[name] = interest
        return interest
    }
}
