internal import LinearMath

/// Rows of many people, one after the other: what a feature store answers, and what pairs are computed from.
public struct PersonBatch: Sendable {
    /// Number of factors of those who have any; 0 without an embedding.
    public let dimension: Int
    /// Rows as ``PersonRow`` lays them out; between them there may be words that belong to nobody.
    private(set) var words: [UInt32] = []
    /// Where each row begins.
    private(set) var starts: [Int] = []

    /// An empty batch.
    /// - Parameter dimension: Of all who will be added, unless they have no factors.
    package init(dimension: Int) {
        precondition(dimension >= 0, "A number of factors can't be negative.")
        self.dimension = dimension
    }

    /// Gathers people. Whoever has another number of factors than `dimension` counts as having none.
    public init(_ people: [PersonFeatures], dimension: Int) {
        self.init(dimension: dimension)
        self.reserveCapacity(people.count)
        for person in people {
            self.starts.append(self.words.count)
            person.write(to: &self.words, dimension: dimension)
        }
    }

    public var count: Int { self.starts.count }

    /// Makes room for so many people of the usual size.
    package mutating func reserveCapacity(_ people: Int) {
        self.starts.reserveCapacity(people)
        self.words.reserveCapacity(people * (PersonRow.fixedLength + 2 * self.dimension + 20))
    }

    /// Adds people of a batch of the same dimension.
    ///
    /// Looks at all heads before it copies: memory then fetches many rows at once, instead of one after the other.
    package mutating func append(_ people: [Int], of other: PersonBatch) {
        precondition(other.dimension == self.dimension, "People of one batch have the same number of factors.")
        let words = other.words.span
        var ranges: [Range<Int>] = []
        ranges.reserveCapacity(people.count)
        var end = self.words.count
        for person in people {
            let start = other.starts[person]
            let length = PersonRow.Head(word: words[start]).length
            ranges.append(start..<start + length)
            self.starts.append(end)
            end += length
        }
        self.words.append(addingCapacity: end - self.words.count) { appended in
            for range in ranges { appended.append(copying: words.extracting(range)) }
        }
    }

    /// Adds the people of an answer: one row, or ``PersonRow/absent``, for each of those asked for.
    ///
    /// - Returns: Who of those asked for is known, ascending; they are added in this order.
    /// - Throws: ``FeatureError/Code/shapeMismatch`` if these aren't `count` rows of finite numbers with ``dimension`` factors or none. The
    ///   batch is then as it was.
    package mutating func append(rows: [UInt32], count: Int) throws(FeatureError) -> [Int] {
        let base = self.words.count
        let span = rows.span
        var known: [Int] = []
        var starts: [Int] = []
        known.reserveCapacity(count)
        starts.reserveCapacity(count)
        var (asked, position) = (0, 0)
        while asked < count, position < span.count {
            let head = PersonRow.Head(word: span[position])
            if head.isPresent {
                guard head.length <= span.count - position, head.dimension == self.dimension || head.dimension == 0,
                    PersonRow.isFinite(span.extracting(position..<position + head.length), head)
                else { break }
                known.append(asked)
                starts.append(base + position)
                position += head.length
            } else {
                guard head.word == PersonRow.absent else { break }
                position += 1
            }
            asked += 1
        }
        guard asked == count, position == span.count else {
            throw FeatureError(.shapeMismatch, "These are not the rows of \(count) people with \(self.dimension) factors.")
        }
        if base == 0 {
            self.words = rows
            self.starts = starts
        } else {
            self.words.append(addingCapacity: rows.count) { $0.append(copying: rows.span) }
            self.starts += starts
        }
        return known
    }

    /// One person's value.
    public subscript(person: Int, column: PersonSchema.Column) -> Float {
        Float(bitPattern: self.words[self.starts[person] + PersonRow.values.lowerBound + column.rawValue])
    }

    /// One person's hashed interests, ascending.
    public func interests(of person: Int) -> ArraySlice<UInt32> { self.slice(of: person, self.head(of: person).interests) }

    /// One person's hashed biography terms, ascending.
    public func terms(of person: Int) -> ArraySlice<UInt32> { self.slice(of: person, self.head(of: person).terms) }

    /// All of one person's features.
    /// - Throws: ``FeatureError/Code/corrupt`` for numbers that aren't finite.
    package func features(of person: Int) throws(FeatureError) -> PersonFeatures {
        let start = self.starts[person]
        return try PersonFeatures(row: self.words.span.extracting(start..<start + self.head(of: person).length))
    }

    private func head(of person: Int) -> PersonRow.Head { PersonRow.Head(word: self.words[self.starts[person]]) }

    private func slice(of person: Int, _ part: Range<Int>) -> ArraySlice<UInt32> {
        let start = self.starts[person]
        return self.words[start + part.lowerBound..<start + part.upperBound]
    }
}
