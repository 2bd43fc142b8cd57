internal import Domain
internal import Features

/// Features that this process holds as rows without factors, which are kept by version in ``EmbeddingTable``s.
struct LocalFeatures: Sendable {
    struct Entry: Sendable {
        /// As ``PersonRow`` lays it out.
        var row: [UInt32]
        var computedAt: Timestamp
        var loadedAt: ContinuousClock.Instant

        init(_ features: PersonFeatures, computedAt: Timestamp, loadedAt: ContinuousClock.Instant) {
            self.row = []
            features.write(to: &self.row, dimension: 0)
            self.computedAt = computedAt
            self.loadedAt = loadedAt
        }
    }

    /// When a row was computed and when it came.
    private struct Times {
        var computedAt: Timestamp
        var loadedAt: ContinuousClock.Instant
    }

    private let capacity: Int
    private(set) var rows = RowTable()
    /// By slot of the table.
    private var times: [Times] = []
    /// Where the search for somebody to evict goes on.
    private var hand = 0

    /// - Parameter capacity: People to hold at most.
    init(capacity: Int) { self.capacity = max(1, capacity) }

    var count: Int { self.rows.count }

    func contains(_ id: UserID) -> Bool { self.rows.slot(of: id.key) != nil }

    /// The slot of a person whose row isn't older than a moment.
    func slot(of key: UInt64, loadedSince oldest: ContinuousClock.Instant?) -> Int? {
        guard let slot = self.rows.slot(of: key), oldest.map({ self.times[slot].loadedAt >= $0 }) ?? true else { return nil }
        return slot
    }

    /// A person's features without factors, and when they were computed.
    func describe(_ id: UserID) throws(FeatureError) -> (features: PersonFeatures, computedAt: Timestamp)? {
        guard let slot = self.rows.slot(of: id.key) else { return nil }
        return (try PersonFeatures(row: self.rows.words.span.extracting(self.rows.range(of: slot))), self.times[slot].computedAt)
    }

    /// Adds or replaces a person. A full table gives up the longest held of a few.
    mutating func set(_ id: UserID, _ entry: Entry) {
        if self.rows.count >= self.capacity, !self.contains(id) { self.evict() }
        let slot = self.rows.set(id.key, row: entry.row.span)
        let times = Times(computedAt: entry.computedAt, loadedAt: entry.loadedAt)
        if slot < self.times.count { self.times[slot] = times } else { self.times.append(times) }
    }

    mutating func remove(_ id: UserID) { self.rows.remove(id.key) }

    /// People loaded before a moment, at most `limit`.
    func loaded(before moment: ContinuousClock.Instant, limit: Int) -> [UserID] {
        var found: [UserID] = []
        for slot in 0..<self.rows.slotCount where self.times[slot].loadedAt < moment {
            guard let key = self.rows.identifier(at: slot) else { continue }
            found.append(UserID(key: key))
            if found.count == limit { break }
        }
        return found
    }

    private mutating func evict() {
        var victim: (key: UInt64, loadedAt: ContinuousClock.Instant)?
        for _ in 0..<min(8, self.rows.slotCount) {
            self.hand = (self.hand + 1) % self.rows.slotCount
            guard let key = self.rows.identifier(at: self.hand) else { continue }
            let loadedAt = self.times[self.hand].loadedAt
            if victim.map({ loadedAt < $0.loadedAt }) ?? true { victim = (key, loadedAt) }
        }
        if let victim { self.rows.remove(victim.key) }
    }
}

extension UserID {
    /// As tables and the wire have it.
    var key: UInt64 { UInt64(bitPattern: self.rawValue) }

    init(key: UInt64) { self.init(Int64(bitPattern: key)) }
}
