internal import Domain
internal import Features

/// All factors of one version, a row a person: the source factors and then the target factors, as bits of floats.
struct EmbeddingTable: Sendable {
    let version: String
    /// Number of factors; 0 until the first person.
    private(set) var dimension = 0
    private var index = SlotIndex()
    /// What ``range(of:)`` points into.
    private(set) var words: [UInt32] = []

    init(version: String) { self.version = version }

    var count: Int { self.index.count }

    /// Adds or replaces a person's factors; those of another length than the first person's are left out.
    mutating func set(_ embedding: Embedding) {
        if self.dimension == 0 { self.dimension = embedding.source.count }
        guard embedding.source.count == self.dimension, embedding.target.count == self.dimension, self.dimension > 0 else { return }
        let row = (embedding.source + embedding.target).lazy.map { $0.bitPattern }
        if let range = self.range(of: embedding.userID.key) {
            self.words.replaceSubrange(range, with: row)
        } else {
            self.index.insert(embedding.userID.key, slot: self.words.count / (2 * self.dimension))
            self.words.append(contentsOf: row)
        }
    }

    /// Wipes a person's factors.
    mutating func remove(_ id: UserID) {
        guard let range = self.range(of: id.key) else { return }
        self.index.remove(id.key)
        for position in range { self.words[position] = 0 }
    }

    /// Where a person's factors stand; `nil` without any.
    func range(of key: UInt64) -> Range<Int>? {
        guard let slot = self.index[key] else { return nil }
        return 2 * self.dimension * slot..<2 * self.dimension * (slot + 1)
    }

    func embedding(of id: UserID) -> Embedding? {
        guard let range = self.range(of: id.key) else { return nil }
        let factors = self.words[range].map { Float(bitPattern: $0) }
        return Embedding(userID: id, source: Array(factors.prefix(self.dimension)), target: Array(factors.suffix(self.dimension)))
    }
}
