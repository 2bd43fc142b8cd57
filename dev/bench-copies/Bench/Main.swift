import CandidateSvcCore
import Domain
import Glibc
import LinearMath

/// Fills the copies of stage 1 with a log made up on the spot, as a replica that starts does, and prints what they weigh and how fast it went.
@main struct Main {
    static func main() {
        let numbers = CommandLine.arguments.dropFirst().compactMap { Int($0) }
        let people = max(1000, numbers.first ?? 1_000_000)
        let interactions = max(1000, numbers.dropFirst().first ?? 10_000_000)
        let index = CandidateIndex()
        let empty = Self.residentBytes

        var log = LogMaker(people: people)
        let peopleSeconds = Self.fill(index, people, { log.person() }, { index, batch in index.apply(batch, isComplete: true) })
        let withPeople = Self.residentBytes
        print("people        \(people): \(Self.megabytes(withPeople - empty)) MB, \(Self.rate(people, peopleSeconds)) a second")

        let seconds = Self.fill(index, interactions, { log.interaction() }, { index, batch in index.apply(batch, isComplete: true) })
        let withInteractions = Self.residentBytes
        let status = index.status
        let bytes = Double(withInteractions - withPeople) / Double(interactions)
        print(
            "interactions  \(interactions): \(Self.megabytes(withInteractions - withPeople)) MB, \(Self.tenths(bytes)) bytes each, "
                + "\(Self.rate(interactions, seconds)) a second; \(status.opinions) opinions, \(status.severances) blocks and reports")

        let answers = interactions / 20
        let shownSeconds = Self.fill(index, answers, { log.impressions() }, { index, batch in index.apply(batch, memory: 30) })
        let shown = answers * 20
        let weight = Double(Self.residentBytes - withInteractions)
        print(
            "impressions   \(shown): \(Self.megabytes(Int(weight))) MB, \(Self.tenths(weight / Double(shown))) bytes each, "
                + "\(Self.rate(shown, shownSeconds)) a second")
    }

    /// Applies events in pages as the tail of the log reads them. - Returns: Seconds that applying took, making them up not counted.
    private static func fill<Event: Hashable & Sendable>(
        _ index: CandidateIndex, _ count: Int, _ make: () -> Event, _ apply: (CandidateIndex, LogBatch<Event>) -> Void
    ) -> Double {
        let page = 20_000
        var seconds = 0.0
        var id: Int64 = 0
        for start in stride(from: 0, to: count, by: page) {
            var entries: [LogEntry<Event>] = []
            entries.reserveCapacity(page)
            for _ in start..<min(start + page, count) {
                id += 1
                entries.append(LogEntry(position: LogPosition(transaction: UInt64(id), id: id), event: make()))
            }
            let batch = LogBatch(entries: entries, horizon: UInt64(id) + 1)
            let begin = ContinuousClock.now
            apply(index, batch)
            seconds += begin.duration(to: .now) / .seconds(1)
        }
        return seconds
    }

    private static var residentBytes: Int {
        guard let file = unsafe fopen("/proc/self/statm", "r") else { return 0 }
        defer { unsafe fclose(file) }
        var line = [CChar](repeating: 0, count: 128)
        guard unsafe fgets(&line, 128, file) != nil else { return 0 }
        let fields = String(decoding: line.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self).split(separator: " ")
        return (fields.count > 1 ? Int(fields[1]) ?? 0 : 0) * 4096
    }

    private static func megabytes(_ bytes: Int) -> Int { (bytes + 524_288) >> 20 }
    private static func tenths(_ value: Double) -> Double { (value * 10).rounded() / 10 }
    private static func rate(_ count: Int, _ seconds: Double) -> Int { Int(Double(count) / max(seconds, 1e-9)) }
}

/// A log in which, as usual, few people get much of the attention.
struct LogMaker {
    private let people: Int
    private var generator = SeededGenerator(seed: 1)
    private var lastPerson: Int64 = 0
    private var lastInteraction: Int64 = 0
    private let start: Int64 = 1_700_000_000
    private let interests = (0..<500).map { "Interest \($0)" }
    private let cities = (0..<200).map { "City \($0)" }

    init(people: Int) { self.people = people }

    mutating func person() -> UserEvent {
        self.lastPerson += 1
        let city = self.below(self.cities.count)
        let user = User(
            id: UserID(self.lastPerson), name: "", age: 18 + self.below(60), gender: Gender.allCases[self.below(20) / 9], location: self.cities[city],
            coordinate: Coordinate(
                latitude: Double(city % 20) * 3 + self.generator.uniform(), longitude: Double(city / 20) * 5 + self.generator.uniform()),
            interests: (0..<5).map { _ in self.interests[self.below(self.interests.count)] },
            createdAt: Timestamp(seconds: self.start - Int64(self.below(40_000_000))))
        var preferences = Preferences()
        if self.below(2) == 0 {
            preferences.genders = [Gender.allCases[self.below(2)]]
            (preferences.minimumAge, preferences.maximumAge) = (25, 45)
            preferences.maximumDistance = 50
        }
        return .changed(user, Standing(preferences: preferences))
    }

    mutating func interaction() -> Interaction {
        self.lastInteraction += 1
        let turn = self.below(100)
        let kind: InteractionKind = turn < 40 ? .like : turn < 98 ? .dislike : turn == 98 ? .block : .report
        let (user, target) = self.pair()
        return Interaction(
            id: self.lastInteraction, userID: user, targetUserID: target, kind: kind,
            timestamp: Timestamp(seconds: self.start + self.lastInteraction / 10))
    }

    mutating func impressions() -> Impressions {
        let viewer = UserID(Int64(1 + self.below(self.people)))
        let shown = (0..<20).map { _ in self.pair().1 }
        return Impressions(viewer: viewer, shown: shown, time: Timestamp(seconds: self.start + Int64(self.below(1_000_000))))
    }

    private mutating func below(_ bound: Int) -> Int { Int(self.generator.uniform() * Double(bound)) }

    private mutating func pair() -> (UserID, UserID) {
        let user = Int64(1 + self.below(self.people))
        let skewed = self.generator.uniform() * self.generator.uniform()
        return (UserID(user), UserID(1 + (Int64(skewed * Double(self.people)) + user) % Int64(self.people)))
    }
}
