package import Domain
internal import LinearMath
internal import Synchronization

/// The searchable copy of people and of what they think of each other, shared by searches and by the tail of the log.
///
/// Searches read side by side; a batch of the log is written in small steps between them.
package final class CandidateIndex: Sendable {
    private let state = ReadWriteLock(CandidateState())
    private let placeMatches = PlaceMatches()
    private let hasCaughtUp = Atomic<Bool>(false)

    /// Entries applied while searches wait: some 100 µs.
    private static let step = 256

    package init() {}

    // MARK: Reading

    func read<Result: Sendable>(_ body: (borrowing CandidateState) -> sending Result) -> Result { self.state.withReadLock(body) }

    /// The places whose text contains `needle` (lower-cased UTF-8), remembered for the next request.
    func places(containing needle: [UInt8], in population: Population) -> [Int32] {
        self.placeMatches.places(containing: needle, in: population)
    }

    /// Whether the copy has once been level with the log.
    package var isCaughtUp: Bool { self.hasCaughtUp.load(ordering: .acquiring) }

    package var status: Status {
        self.read { state in
            Status(
                people: state.population.aliveCount, opinions: state.opinions.count, severances: state.severances.count,
                position: state.position, modelVersion: state.factors?.version, factors: state.factors?.count ?? 0)
        }
    }

    package struct Status: Sendable, Hashable {
        package let people: Int
        package let opinions: Int
        package let severances: Int
        /// Newest transaction that has been read past, inclusive.
        package let position: UInt64
        package let modelVersion: String?
        package let factors: Int
    }

    package var positions: (users: LogPosition, interactions: LogPosition) {
        self.read { ($0.usersPosition, $0.interactionsPosition) }
    }

    package var impressionsPosition: LogPosition { self.read { $0.impressionsPosition } }

    // MARK: Writing

    package func apply(_ batch: LogBatch<UserEvent>, isComplete: Bool) {
        self.inSteps(batch.entries) { state, entry in
            state.apply(entry.event)
            state.usersPosition = entry.position
        }
        if isComplete { self.state.withWriteLock { $0.usersHorizon = max($0.usersHorizon, batch.horizon) } }
    }

    package func apply(_ batch: LogBatch<Interaction>, isComplete: Bool) {
        self.inSteps(batch.entries) { state, entry in
            state.apply(entry.event)
            state.interactionsPosition = entry.position
        }
        if isComplete { self.state.withWriteLock { $0.interactionsHorizon = max($0.interactionsHorizon, batch.horizon) } }
    }

    /// - Parameter memory: Days after which an impression is forgotten.
    package func apply(_ batch: LogBatch<Impressions>, memory: UInt16) {
        self.inSteps(batch.entries) { state, entry in
            state.apply(entry.event, memory: memory)
            state.impressionsPosition = entry.position
        }
    }

    /// From now on, who was not active at a moment or later is idle.
    package func setIdleThreshold(_ moment: Timestamp) { self.state.withWriteLock { $0.setIdleThreshold(moment.rawValue) } }

    package func markCaughtUp() { self.hasCaughtUp.store(true, ordering: .releasing) }

    /// Adopts a model's factors at once. People who were erased while it was loaded are taken out of it first.
    func adopt(_ factors: FactorModel) {
        self.state.withWriteLock { state in
            var factors = factors
            for row in 0..<state.population.count where !state.population.alive[row] { factors.remove(row: row) }
            state.factors = factors
        }
    }

    private func inSteps<Entry>(_ entries: [Entry], _ body: (inout CandidateState, Entry) -> Void) {
        var index = 0
        while index < entries.count {
            let end = min(index + Self.step, entries.count)
            self.state.withWriteLock { state in
                for entry in entries[index..<end] { body(&state, entry) }
            }
            index = end
        }
    }
}
