internal import Domain

/// How the values of a row are understood. Every failure names its column.
struct FieldReader: Sendable {
    let values: [RawValue]
    let columns: [String]

    /// `nil` if there is none. Text of users must not hold U+0000, which PostgreSQL can't store.
    func text(_ column: Int) throws(RowError) -> String? {
        switch self.values[column] {
        case .absent: return nil
        case .text(let text):
            guard !text.utf8.contains(0) else { throw RowError("\(self.columns[column]) holds U+0000") }
            return text
        case .list, .object, .other: throw RowError("\(self.columns[column]) is no text or number")
        }
    }

    /// Trimmed; nothing but blanks counts as nothing.
    func word(_ column: Int) throws(RowError) -> String? {
        guard let word = try self.text(column)?.trimmed, !word.isEmpty else { return nil }
        return word
    }

    func integer(_ column: Int, in range: ClosedRange<Int64>) throws(RowError) -> Int64? {
        guard let word = try self.word(column) else { return nil }
        guard let value = Int64(word) else { throw RowError("\(self.columns[column]) is no whole number") }
        guard range.contains(value) else {
            throw RowError("\(self.columns[column]) is not within \(range.lowerBound)…\(range.upperBound)")
        }
        return value
    }

    func number(_ column: Int, in range: ClosedRange<Double>) throws(RowError) -> Double? {
        guard let word = try self.word(column) else { return nil }
        guard let value = Double(word), range.contains(value) else {
            throw RowError("\(self.columns[column]) is no number within \(Int(range.lowerBound))…\(Int(range.upperBound))")
        }
        return value
    }

    /// ISO-8601, or seconds since 1970 with or without a fraction.
    func timestamp(_ column: Int) throws(RowError) -> Timestamp? {
        guard let word = try self.word(column) else { return nil }
        let error = RowError("\(self.columns[column]) is neither an ISO-8601 time nor seconds since 1970")
        if let timestamp = Timestamp(iso8601: word) { return timestamp }
        if let seconds = Int64(word) {
            guard Self.seconds.contains(Double(seconds)) else { throw error }
            return Timestamp(seconds: seconds)
        }
        guard let seconds = Double(word), Self.seconds.contains(seconds) else { throw error }
        return Timestamp(microseconds: Int64((seconds * 1_000_000).rounded()))
    }

    /// Of the years 1 to 9999.
    private static let seconds: ClosedRange<Double> = -62_135_596_800...253_402_300_799

    /// Characters are counted as PostgreSQL counts them: Unicode scalars.
    func limitedText(_ column: Int, atMost limit: Int) throws(RowError) -> String? {
        guard let text = try self.text(column) else { return nil }
        guard text.unicodeScalars.count <= limit else { throw RowError("\(self.columns[column]) has more than \(limit) characters") }
        return text
    }

    func limitedWord(_ column: Int, atMost limit: Int) throws(RowError) -> String? {
        guard let word = try self.word(column) else { return nil }
        guard word.unicodeScalars.count <= limit else { throw RowError("\(self.columns[column]) has more than \(limit) characters") }
        return word
    }

    /// A JSON list, or words with semicolons between; trimmed, without repetitions, in their order.
    func interests(_ column: Int) throws(RowError) -> [String] {
        let name = self.columns[column]
        let words: [String]
        switch self.values[column] {
        case .absent: return []
        case .list(let strings): words = strings
        case .object, .other: throw RowError("\(name) is no list of words")
        case .text(let text) where text.trimmed.hasPrefix("["):
            guard let strings = JSONReader.strings(text) else { throw RowError("\(name) is no JSON list of strings") }
            words = strings
        case .text(let text): words = text.split(separator: ";").map(String.init)
        }
        var seen: Set<String> = []
        var interests: [String] = []
        for word in words.map(\.trimmed) {
            guard !word.isEmpty else { throw RowError("\(name) has a blank entry") }
            guard !word.utf8.contains(0) else { throw RowError("\(name) holds U+0000") }
            if seen.insert(word).inserted { interests.append(word) }
        }
        guard interests.count <= 50 else { throw RowError("\(name) has more than 50 entries") }
        return interests
    }

    /// A JSON object as text.
    func object(_ column: Int) throws(RowError) -> String? {
        let error = RowError("\(self.columns[column]) is no JSON object")
        let text: String
        switch self.values[column] {
        case .absent: return nil
        case .object(let object): text = object
        case .text(let string):
            guard JSONReader.object(Array(string.utf8)[...]) != nil else { throw error }
            text = string
        case .list, .other: throw error
        }
        // An escaped U+0000, which jsonb refuses.
        guard !text.contains("\\u0000"), !text.utf8.contains(0) else { throw RowError("\(self.columns[column]) holds U+0000") }
        return text
    }
}
