/// One JSON object a line, put in the order of the columns.
package struct JSONLinesParser: RecordParser {
    private var input: ParserInput
    private var refusal: Refusal?
    private let columns: [String: Int]

    private let known: String

    package init(columns: [String], offset: Int = 0, line: Int = 1) {
        self.columns = Dictionary(uniqueKeysWithValues: columns.enumerated().map { ($1, $0) })
        self.known = columns.joined(separator: ", ")
        self.input = ParserInput(offset: offset, line: line)
    }

    package mutating func append(_ bytes: [UInt8]) { self.input.append(bytes) }
    package mutating func finish() { self.input.finish() }

    package mutating func next() -> RawRow? {
        if self.refusal != nil { return self.skipRefused() }
        self.input.skipBlankLines()
        guard !self.input.isEmpty else { return nil }
        let line = self.input.line
        guard let length = self.input.lineLength(), length <= ParserInput.longestRow else {
            guard self.input.isTooLong else { return nil }
            self.refusal = Refusal(line: line, reason: "the row is longer than 1 MB")
            return self.skipRefused()
        }
        let content = self.content(self.input.rest.prefix(length).withoutLineEnd)
        self.input.advance(by: length)
        return RawRow(line: line, end: self.input.offset, content: content)
    }

    private mutating func skipRefused() -> RawRow? {
        guard let row = self.refusal?.row(skippingIn: &self.input) else { return nil }
        self.refusal = nil
        return row
    }

    private func content(_ bytes: ArraySlice<UInt8>) -> Result<[RawValue], RowError> {
        guard let members = JSONReader.object(bytes) else { return .failure(RowError("the line is not a JSON object")) }
        var values = [RawValue](repeating: .absent, count: self.columns.count)
        for (key, value) in members {
            guard let column = self.columns[key] else { return .failure(RowError("a key that is none of \(self.known)")) }
            values[column] = value
        }
        return .success(values)
    }
}
