internal import Domain
internal import Features

/// Features that this process holds, without factors, which are kept by version in ``EmbeddingTable``s.
struct LocalFeatures: Sendable {
    struct Entry: Sendable {
        var features: PersonFeatures
        var computedAt: Timestamp
        var loadedAt: ContinuousClock.Instant
    }

    private let capacity: Int
    private var slots: [UserID: Int32] = [:]
    private var identifiers: [UserID] = []
    private var entries: [Entry] = []
    /// Where the search for somebody to evict goes on.
    private var hand = 0

    /// - Parameter capacity: People to hold at most.
    init(capacity: Int) { self.capacity = max(1, capacity) }

    var count: Int { self.entries.count }

    subscript(id: UserID) -> Entry? { self.slots[id].map { self.entries[Int($0)] } }

    func contains(_ id: UserID) -> Bool { self.slots[id] != nil }

    /// Adds or replaces a person. A full table gives up the longest held of a few.
    mutating func set(_ id: UserID, _ entry: Entry) {
        if let slot = self.slots[id] {
            self.entries[Int(slot)] = entry
        } else {
            if self.entries.count >= self.capacity { self.evict() }
            self.slots[id] = Int32(self.entries.count)
            self.identifiers.append(id)
            self.entries.append(entry)
        }
    }

    mutating func remove(_ id: UserID) {
        guard let slot = self.slots.removeValue(forKey: id).map(Int.init) else { return }
        let last = self.entries.count - 1
        if slot != last {
            self.entries[slot] = self.entries[last]
            self.identifiers[slot] = self.identifiers[last]
            self.slots[self.identifiers[slot]] = Int32(slot)
        }
        self.entries.removeLast()
        self.identifiers.removeLast()
    }

    /// People loaded before a moment, at most `limit`.
    func loaded(before moment: ContinuousClock.Instant, limit: Int) -> [UserID] {
        var found: [UserID] = []
        for (id, entry) in zip(self.identifiers, self.entries) where entry.loadedAt < moment {
            found.append(id)
            if found.count == limit { break }
        }
        return found
    }

    private mutating func evict() {
        let few = (0..<min(8, self.entries.count)).map { (self.hand + $0) % self.entries.count }
        self.hand += few.count
        guard let victim = few.min(by: { self.entries[$0].loadedAt < self.entries[$1].loadedAt }) else { return }
        self.remove(self.identifiers[victim])
    }
}
