internal import Features
internal import LinearMath

/// Rows of candidates that were fetched a while ago, so that calls don't fetch the same people again and again. They may be as old as the
/// specification's five minutes; these are at most four. Nobody is shown because of them: the last look at the truth comes after.
///
/// What it lends left the feature store at most ``lifetime`` ago. There are two generations for each version of the factors: rows join the
/// young one, which grows old after half of the lifetime and is dropped after all of it; so no row needs a time of its own, and
/// nothing outlives the next call. Whoever is lent from an old one is to be fetched again beside the call (stale while revalidate), so that
/// calls wait only for people who were not asked for in a while.
final class NearFeatures: Sendable {
    static let lifetime = Duration.seconds(240)
    /// Versions of the factors beside each other: the active model's, and those that are being tried out.
    private static let versions = 3

    private struct Generation {
        /// No row in it was fetched before.
        let start: ContinuousClock.Instant
        var index = SlotIndex()
        var people: PersonBatch

        init(start: ContinuousClock.Instant, dimension: Int) {
            self.start = start
            self.people = PersonBatch(dimension: dimension)
        }
    }

    private struct Generations {
        let version: String
        var young: Generation
        var old: Generation?
    }

    /// The one asked for last comes last.
    private let held = ReadWriteLock<[Generations]>([])
    /// People in a generation at most.
    private let capacity: Int
    private let clock: @Sendable () -> ContinuousClock.Instant

    init(capacity: Int = 100_000, clock: @escaping @Sendable () -> ContinuousClock.Instant) {
        self.capacity = capacity
        self.clock = clock
    }

    /// Copies the rows of those who are held to the end of a batch, and adds them to `found` in the order of their rows.
    /// - Returns: The others, and who among the found is growing old.
    func take(
        _ ids: [UInt64], version: String, into batch: inout PersonBatch, found: inout [UInt64]
    ) -> (missing: [UInt64], ageing: [UInt64]) {
        let now = self.clock()
        let oldest = now - Self.lifetime
        return self.held.withReadLock { held in
            guard let generations = held.last(where: { $0.version == version }), generations.young.start > oldest,
                generations.young.people.dimension == batch.dimension
            else { return (ids, []) }
            let elders = generations.old.flatMap { $0.start > oldest ? $0 : nil }
            let isAgeing = generations.young.start + Self.lifetime / 2 <= now
            var (young, old) = ([Int](), [Int]())
            var (missing, oldIDs) = ([UInt64](), [UInt64]())
            for id in ids {
                if let person = generations.young.index[id] {
                    young.append(person)
                    found.append(id)
                } else if let person = elders?.index[id] {
                    old.append(person)
                    oldIDs.append(id)
                } else {
                    missing.append(id)
                }
            }
            let ageing = (isAgeing ? found : []) + oldIDs
            batch.reserveCapacity(ids.count + 1)
            batch.append(young, of: generations.young.people)
            if let elders { batch.append(old, of: elders.people) }
            found += oldIDs
            return (missing, ageing)
        }
    }

    /// Keeps people who were fetched.
    ///
    /// - Parameters:
    ///   - ids: Whose rows these are.
    ///   - start: When the call that fetched them began.
    func keep(_ ids: ArraySlice<UInt64>, rows: Range<Int>, of batch: PersonBatch, version: String, since start: ContinuousClock.Instant) {
        let now = self.clock()
        self.held.withWriteLock { held in
            held.removeAll { $0.young.start + Self.lifetime <= now || $0.version == version && $0.young.people.dimension != batch.dimension }
            var generations =
                held.firstIndex { $0.version == version }.map { held.remove(at: $0) }
                ?? Generations(version: version, young: Generation(start: start, dimension: batch.dimension))
            if generations.young.start + Self.lifetime / 2 <= now {
                generations.old = generations.young
                generations.young = Generation(start: start, dimension: batch.dimension)
            }
            // A row that set out before the generation began would be lent for too long.
            if generations.young.start <= start {
                var kept: [Int] = []
                for (id, row) in zip(ids, rows) {
                    let slot = generations.young.people.count + kept.count
                    if slot < self.capacity, generations.young.index.insert(id, slot: slot) { kept.append(row) }
                }
                generations.young.people.append(kept, of: batch)
            }
            if held.count >= Self.versions { held.removeFirst() }
            held.append(generations)
        }
    }
}
