/// One JSON object a line, put in the order of the columns.
struct JSONLinesParser: RecordParser {
    private var input: ParserInput
    private let columns: [String: Int]

    private let known: String

    init(columns: [String], offset: Int = 0, line: Int = 1) {
        self.columns = Dictionary(uniqueKeysWithValues: columns.enumerated().map { ($1, $0) })
        self.known = columns.joined(separator: ", ")
        self.input = ParserInput(offset: offset, line: line)
    }

    mutating func append(_ bytes: [UInt8]) { self.input.append(bytes) }
    mutating func finish() { self.input.finish() }

    mutating func next() -> RawRow? {
        self.input.skipBlankLines()
        guard !self.input.isEmpty, let length = self.input.lineLength() else { return nil }
        let line = self.input.line
        let content = self.content(self.input.rest.prefix(length).withoutLineEnd)
        self.input.advance(by: length)
        return RawRow(line: line, end: self.input.offset, content: content)
    }

    private func content(_ bytes: ArraySlice<UInt8>) -> Result<[RawValue], RowError> {
        guard bytes.count <= ParserInput.longestRow else { return .failure(RowError("the row is longer than 1 MB")) }
        guard let members = JSONReader.object(bytes) else { return .failure(RowError("the line is not a JSON object")) }
        var values = [RawValue](repeating: .absent, count: self.columns.count)
        for (key, value) in members {
            guard let column = self.columns[key] else { return .failure(RowError("a key that is none of \(self.known)")) }
            values[column] = value
        }
        return .success(values)
    }
}
