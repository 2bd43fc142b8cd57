/// One person's features in words of 32 bits: what stores keep, what goes over the mesh, and what pairs are computed from.
///
/// The first word is the head. After it come ``PersonSchema/width`` values, the hashed interests, the hashed terms of the biography,
/// and, for a person who has them, the source factors and as many target factors. Numbers are the bits of a `Float`.
package enum PersonRow {
    /// Words before the interests.
    package static let fixedLength = 1 + PersonSchema.width
    /// Where the values stand.
    package static let values = 1..<Self.fixedLength
    /// Takes the place of the row of a person who isn't known.
    package static let absent: UInt32 = 0

    /// The first word of a row: how long its parts are. Ranges count from the start of the row.
    ///
    /// Bit 31 is set, bits 16…30 hold the number of factors, bits 8…15 that of terms, bits 0…7 that of interests.
    package struct Head: Hashable, Sendable {
        package let word: UInt32

        package init(word: UInt32) { self.word = word }

        package init(interests: Int, terms: Int, dimension: Int) {
            precondition(
                (0...0xFF).contains(interests) && (0...0xFF).contains(terms) && (0...0x7FFF).contains(dimension),
                "A row has no room for so many interests, terms or factors.")
            self.word = 1 << 31 | UInt32(dimension) << 16 | UInt32(terms) << 8 | UInt32(interests)
        }

        package var isPresent: Bool { self.word >> 31 == 1 }
        package var interestCount: Int { Int(self.word & 0xFF) }
        package var termCount: Int { Int(self.word >> 8 & 0xFF) }
        package var dimension: Int { Int(self.word >> 16 & 0x7FFF) }

        /// Words of the whole row.
        package var length: Int { PersonRow.fixedLength + self.interestCount + self.termCount + 2 * self.dimension }
        package var interests: Range<Int> { PersonRow.fixedLength..<PersonRow.fixedLength + self.interestCount }
        package var terms: Range<Int> { self.interests.upperBound..<self.interests.upperBound + self.termCount }
        package var sourceFactors: Range<Int> { self.terms.upperBound..<self.terms.upperBound + self.dimension }
        package var targetFactors: Range<Int> { self.sourceFactors.upperBound..<self.sourceFactors.upperBound + self.dimension }

        /// The head of the same person with another number of factors.
        package func withDimension(_ dimension: Int) -> Head {
            Head(interests: self.interestCount, terms: self.termCount, dimension: dimension)
        }
    }

    /// Whether all values and factors of a row are finite numbers.
    package static func isFinite(_ row: Span<UInt32>, _ head: Head) -> Bool {
        self.countNotFinite(row, self.values) + self.countNotFinite(row, head.sourceFactors.lowerBound..<head.length) == 0
    }

    /// Counts instead of stopping at the first, so that it vectorises.
    private static func countNotFinite(_ row: Span<UInt32>, _ part: Range<Int>) -> UInt32 {
        let words = row.extracting(part)
        var count: UInt32 = 0
        for index in words.indices { count &+= words[index] & 0x7F80_0000 == 0x7F80_0000 ? 1 : 0 }
        return count
    }
}

extension PersonFeatures {
    /// Appends the person's row. Factors of another number than `dimension` are left out.
    package func write(to words: inout [UInt32], dimension: Int) {
        let isWhole = dimension > 0 && self.sourceFactors.count == dimension && self.targetFactors.count == dimension
        let head = PersonRow.Head(interests: self.interests.count, terms: self.terms.count, dimension: isWhole ? dimension : 0)
        words.append(head.word)
        words.append(contentsOf: self.values.lazy.map { $0.bitPattern })
        words.append(contentsOf: self.interests)
        words.append(contentsOf: self.terms)
        guard isWhole else { return }
        words.append(contentsOf: self.sourceFactors.lazy.map { $0.bitPattern })
        words.append(contentsOf: self.targetFactors.lazy.map { $0.bitPattern })
    }

    /// Reads one whole row.
    /// - Throws: ``FeatureError/Code/corrupt`` for words that are none.
    package init(row: Span<UInt32>) throws(FeatureError) {
        let head = PersonRow.Head(word: row.isEmpty ? PersonRow.absent : row[0])
        guard head.isPresent, head.length == row.count, PersonRow.isFinite(row, head) else {
            throw FeatureError(.corrupt, "The row of a person is damaged.")
        }
        self.init(
            values: row.extracting(PersonRow.values).floats, interests: row.extracting(head.interests).words,
            terms: row.extracting(head.terms).words, sourceFactors: row.extracting(head.sourceFactors).floats,
            targetFactors: row.extracting(head.targetFactors).floats)
    }
}

extension Span<UInt32> {
    fileprivate var words: [UInt32] { self.indices.map { self[$0] } }
    fileprivate var floats: [Float] { self.indices.map { Float(bitPattern: self[$0]) } }
}
