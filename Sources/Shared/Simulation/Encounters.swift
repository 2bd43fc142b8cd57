internal import Domain
internal import LinearMath

#if canImport(Glibc)
    internal import Glibc
#endif

/// Decides whom a person gets to see: mostly people nearby, the popular and active more often, those who like them, and anybody.
struct Encounters {
    /// People of one gender in one place or everywhere, with running sums of how often they are shown.
    private struct Crowd {
        var members: [Int32] = []
        var sums: [Double] = []

        mutating func add(_ person: Int, visibility: Double) {
            self.members.append(Int32(person))
            self.sums.append((self.sums.last ?? 0) + visibility)
        }

        /// By visibility.
        func draw(_ generator: inout SeededGenerator) -> Int? {
            guard let total = self.sums.last else { return nil }
            let point = generator.uniform() * total
            var (low, high) = (0, self.sums.count - 1)
            while low < high {
                let middle = (low + high) / 2
                if self.sums[middle] > point { high = middle } else { low = middle + 1 }
            }
            return Int(self.members[low])
        }
    }

    /// How many people pass before one is noticed.
    private static let glances = 14
    /// How much of the utility shows at a glance.
    private static let insight = 0.9

    private let truth: Truth
    /// By person: the genders sought, as indices and as bits, and the own gender's bit.
    private let seeks: [[Int]]
    private let soughtBits: [UInt8]
    private let genderBits: [UInt8]
    private let places: [Int]
    private var local: [[Crowd]]
    private var everywhere: [Crowd]

    init(truth: Truth, places: [Int]) {
        self.truth = truth
        self.places = places
        self.seeks = truth.people.map { person in Gender.allCases.filter(person.seeks.contains).map(\.index) }
        self.soughtBits = self.seeks.map { $0.reduce(0) { $0 | 1 << UInt8($1) } }
        self.genderBits = truth.people.map { 1 << UInt8($0.gender.index) }
        let genders = [Crowd](repeating: Crowd(), count: Gender.allCases.count)
        self.local = .init(repeating: genders, count: Place.all.count)
        self.everywhere = genders
        for (index, person) in truth.people.enumerated() {
            let visibility = exp(0.5 * Double(person.attractiveness)) * pow(Double(person.activity) + 0.3, 0.35)
            self.local[places[index]][person.gender.index].add(index, visibility: visibility)
            self.everywhere[person.gender.index].add(index, visibility: visibility)
        }
    }

    /// Somebody whom `person` notices, or `nil` if nobody fitting turned up.
    ///
    /// - Parameters:
    ///   - admirers: Those who liked `person` and were not shown yet, the latest last.
    ///   - isSeen: Whether somebody was noticed before.
    func next(for person: Int, admirers: inout [Int32], generator: inout SeededGenerator, isSeen: (Int) -> Bool) -> Int? {
        if generator.uniform() < 0.1 {
            while let admirer = admirers.popLast() {
                if !isSeen(Int(admirer)) { return Int(admirer) }
            }
        }
        var noticed: Int?
        var best = -Double.infinity
        for _ in 0..<Self.glances {
            guard let other = self.passer(for: person, &generator), !isSeen(other) else { continue }
            // The best of utility and Gumbel noise: a choice by the softmax of what shows.
            let appeal = Self.insight * self.truth.utility(of: other, for: person) - log(-log(max(1e-12, generator.uniform())))
            if appeal > best {
                best = appeal
                noticed = other
            }
        }
        return noticed
    }

    /// Somebody of a gender that fits both ways, from the same place or from anywhere.
    private func passer(for person: Int, _ generator: inout SeededGenerator) -> Int? {
        let wanted = self.seeks[person]
        guard !wanted.isEmpty else { return nil }
        let gender = wanted[Int(generator.next() % UInt64(wanted.count))]
        let isLocal = generator.uniform() < 0.3
        let other = isLocal ? self.local[self.places[person]][gender].draw(&generator) : self.everywhere[gender].draw(&generator)
        guard let other, other != person, self.soughtBits[other] & self.genderBits[person] != 0 else { return nil }
        return other
    }
}
