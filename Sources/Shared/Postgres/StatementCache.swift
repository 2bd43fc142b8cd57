/// The statements that one connection has prepared, by their text and the types of their parameters. Bounded; the least used go first.
struct StatementCache {
    struct Key: Hashable {
        let sql: String
        let types: [UInt32]
    }

    private struct Entry {
        let name: String
        var lastUse: UInt64
    }

    private let capacity: Int
    private var entries: [Key: Entry] = [:]
    private var clock: UInt64 = 0

    init(capacity: Int = 256) { self.capacity = capacity }

    var count: Int { self.entries.count }

    mutating func name(of key: Key) -> String? {
        guard let index = self.entries.index(forKey: key) else { return nil }
        self.clock += 1
        self.entries.values[index].lastUse = self.clock
        return self.entries.values[index].name
    }

    /// A name for a statement that is about to be prepared, and the name of the one to deallocate for it.
    mutating func reserve() -> (name: String, evicted: String?) {
        self.clock += 1
        var evicted: String?
        if self.entries.count >= self.capacity, let oldest = self.entries.min(by: { $0.value.lastUse < $1.value.lastUse }) {
            evicted = oldest.value.name
            self.entries[oldest.key] = nil
        }
        return ("s\(self.clock)", evicted)
    }

    mutating func insert(_ key: Key, name: String) { self.entries[key] = Entry(name: name, lastUse: self.clock) }

    mutating func remove(_ key: Key) -> String? { self.entries.removeValue(forKey: key)?.name }
}
