internal import Domain
internal import LinearMath

/// People as dense rows, one column for each attribute that a search looks at.
///
/// A row is given once and never to somebody else: an erased person's row stays empty until the process ends.
struct Population: Sendable {
    static let maximumAge = 120
    /// Where a person's age, gender or place is not known.
    static let unknown: UInt8 = 255

    private(set) var identifiers: [UserID] = []
    private var rows: [UserID: Int32] = [:]
    private var erased: Set<UserID> = []
    /// Bits that every bitmap holds; a multiple of 64, at least the number of rows.
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
    private(set) var directions: [Direction?] = []
    private(set) var placeOf: [Int32] = []
    private(set) var interestsOf: [[Int32]] = []
    private var ownDirection: [Bool] = []

    private(set) var places: [Place] = []
    private var placeIndex: [String: Int32] = [:]
    /// People by interest, in no order.
    private(set) var interestRows: [[Int32]] = []
    private var interestIndex: [String: Int32] = [:]

    /// Rows given so far.
    var count: Int { self.identifiers.count }

    /// The row of a person who exists or whom the log has named.
    func row(of id: UserID) -> Int? { self.rows[id].map(Int.init) }

    func isErased(_ id: UserID) -> Bool { self.erased.contains(id) }

    func interest(_ name: String) -> Int? { self.interestIndex[name.lowercased()].map(Int.init) }

    func gender(of row: Int) -> Gender? { self.genders[row] == Self.unknown ? nil : Gender.allCases[Int(self.genders[row])] }

    /// People of an age in the range; nobody whose age is unknown.
    func formAgeRange(_ range: ClosedRange<Int>, into people: inout Bitmap) {
        let upper = min(range.upperBound, Self.maximumAge)
        guard upper >= 0, range.lowerBound <= Self.maximumAge else { return people.removeAll() }
        people.formIntersection(self.upToAge[upper])
        if range.lowerBound > 0 { people.subtract(self.upToAge[range.lowerBound - 1]) }
    }

    /// The row of a person, given now if need be. `nil` for somebody who was erased.
    mutating func reserveRow(for id: UserID) -> Int? {
        if let row = self.rows[id] { return Int(row) }
        guard !self.erased.contains(id) else { return nil }
        let row = self.identifiers.count
        self.rows[id] = Int32(row)
        self.identifiers.append(id)
        self.ages.append(Self.unknown)
        self.genders.append(Self.unknown)
        self.lastActive.append(0)
        self.createdAt.append(0)
        self.directions.append(nil)
        self.ownDirection.append(false)
        self.placeOf.append(-1)
        self.interestsOf.append([])
        if row >= self.capacity { self.grow(to: max(1024, self.capacity * 2)) }
        return row
    }

    /// Brings a person's columns up to date.
    mutating func update(_ user: User, row: Int) {
        if !self.alive[row] {
            self.alive[row] = true
            self.aliveCount += 1
        }
        self.setGender(user.gender, row)
        self.setAge(user.age, row)
        self.createdAt[row] = user.createdAt.rawValue
        self.lastActive[row] = (user.lastActiveAt ?? user.createdAt).rawValue
        self.setPlace(user.location, user.coordinate, row)
        self.setInterests(user.interests, row)
    }

    /// Notes activity that the log shows before the profile does.
    mutating func touch(_ row: Int, at moment: Timestamp) {
        self.lastActive[row] = max(self.lastActive[row], moment.rawValue)
    }

    /// Empties a person's row and forgets who they were, for good.
    mutating func erase(_ id: UserID) {
        self.erased.insert(id)
        guard let row = self.rows.removeValue(forKey: id).map(Int.init) else { return }
        if self.alive[row] {
            self.alive[row] = false
            self.aliveCount -= 1
        }
        self.setGender(nil, row)
        self.setAge(nil, row)
        self.setPlace(nil, nil, row)
        self.setInterests([], row)
        self.lastActive[row] = 0
        self.createdAt[row] = 0
        self.identifiers[row] = UserID(0)
    }

    // MARK: Columns

    private mutating func grow(to capacity: Int) {
        self.capacity = capacity
        self.alive.grow(to: capacity)
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

    private mutating func setPlace(_ location: String?, _ coordinate: Coordinate?, _ row: Int) {
        let place = location.map { self.internPlace($0) } ?? -1
        let previous = self.placeOf[row]
        if place != previous {
            if previous >= 0 { self.places[Int(previous)].rows.removeRow(row) }
            if place >= 0 { self.places[Int(place)].rows.append(Int32(row)) }
            self.placeOf[row] = place
        }
        self.ownDirection[row] = coordinate != nil
        self.directions[row] = coordinate.map(Direction.init) ?? (place >= 0 ? self.places[Int(place)].direction : nil)
        if place >= 0, self.places[Int(place)].direction == nil, let direction = self.directions[row] {
            self.places[Int(place)].direction = direction
            for other in self.places[Int(place)].rows where !self.ownDirection[Int(other)] { self.directions[Int(other)] = direction }
        }
    }

    private mutating func setInterests(_ names: [String], _ row: Int) {
        var interests: [Int32] = []
        for name in names {
            let interest = self.internInterest(name)
            if !interests.contains(interest) { interests.append(interest) }
        }
        let previous = self.interestsOf[row]
        guard interests != previous else { return }
        for interest in previous { self.interestRows[Int(interest)].removeRow(row) }
        for interest in interests { self.interestRows[Int(interest)].append(Int32(row)) }
        self.interestsOf[row] = interests
    }

    private mutating func internPlace(_ location: String) -> Int32 {
        let text = location.lowercased()
        if let place = self.placeIndex[text] { return place }
        let place = Int32(self.places.count)
        self.places.append(Place(text: Array(text.utf8)))
        self.placeIndex[text] = place
        return place
    }

    private mutating func internInterest(_ name: String) -> Int32 {
        let text = name.lowercased()
        if let interest = self.interestIndex[text] { return interest }
        let interest = Int32(self.interestRows.count)
        self.interestRows.append([])
        self.interestIndex[text] = interest
        return interest
    }
}
