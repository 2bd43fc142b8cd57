internal import Domain

/// All factors of one version in two flat matrices.
struct EmbeddingTable: Sendable {
    let version: String
    /// Number of factors; 0 until the first person.
    private(set) var dimension = 0
    private var rows: [UserID: Int32] = [:]
    private(set) var source: [Float] = []
    private(set) var target: [Float] = []

    init(version: String) { self.version = version }

    var count: Int { self.rows.count }

    /// Adds or replaces a person's factors; those of another length than the first person's are left out.
    mutating func set(_ embedding: Embedding) {
        if self.dimension == 0 { self.dimension = embedding.source.count }
        guard embedding.source.count == self.dimension, embedding.target.count == self.dimension, self.dimension > 0 else { return }
        if let range = self.range(of: embedding.userID) {
            self.source.replaceSubrange(range, with: embedding.source)
            self.target.replaceSubrange(range, with: embedding.target)
        } else {
            self.rows[embedding.userID] = Int32(self.source.count / self.dimension)
            self.source += embedding.source
            self.target += embedding.target
        }
    }

    /// Wipes a person's factors.
    mutating func remove(_ id: UserID) {
        guard let range = self.range(of: id) else { return }
        self.rows[id] = nil
        for index in range {
            self.source[index] = 0
            self.target[index] = 0
        }
    }

    /// Where a person's factors stand in both matrices; `nil` without any.
    func range(of id: UserID) -> Range<Int>? {
        guard let row = self.rows[id] else { return nil }
        return (Int(row) * self.dimension)..<((Int(row) + 1) * self.dimension)
    }

    func embedding(of id: UserID) -> Embedding? {
        self.range(of: id).map { Embedding(userID: id, source: Array(self.source[$0]), target: Array(self.target[$0])) }
    }
}
