/// The rows of a file, in the layout's order, from any place on.
struct RowSource {
    struct Row {
        let line: Int
        let end: Int
        let values: Result<FieldReader, RowError>
    }

    private let file: FileReader
    private let layout: Layout
    private var parser: any RecordParser
    private var order: [Int]?
    private var offset: Int
    private var isAtEnd = false
    /// The first row, if it turned out to be data.
    private var pending: RawRow?

    /// - Parameters:
    ///   - offset: Where a row starts; 0 for the first.
    ///   - line: The number of its line.
    init(file: FileReader, path: String, format: FileFormat, layout: Layout, offset: Int, line: Int) async throws(ExchangeError) {
        self.file = file
        self.layout = layout
        self.offset = 0
        self.parser = Self.parser(format, layout, offset: 0, line: 1)
        if format != .jsonl, let first = try await self.nextRaw() {
            if case .success(let values) = first.content { self.order = try layout.header(values, path: path) }
            if self.order == nil { self.pending = first }
        }
        guard offset > 0 else { return }
        self.pending = nil
        (self.offset, self.isAtEnd) = (offset, false)
        self.parser = Self.parser(format, layout, offset: offset, line: line)
    }

    private static func parser(_ format: FileFormat, _ layout: Layout, offset: Int, line: Int) -> any RecordParser {
        switch format {
        case .csv: DelimitedParser(separator: UInt8(ascii: ","), offset: offset, line: line)
        case .tsv: DelimitedParser(separator: UInt8(ascii: "\t"), offset: offset, line: line)
        case .jsonl: JSONLinesParser(columns: layout.columns, offset: offset, line: line)
        }
    }

    mutating func next() async throws(ExchangeError) -> Row? {
        let raw: RawRow
        if let pending {
            raw = pending
            self.pending = nil
        } else if let next = try await self.nextRaw() {
            raw = next
        } else {
            return nil
        }
        return Row(line: raw.line, end: raw.end, values: self.arranged(raw))
    }

    private func arranged(_ raw: RawRow) -> Result<FieldReader, RowError> {
        do throws(RowError) {
            let values = try self.layout.arranged(try raw.content.get(), order: self.order)
            return .success(FieldReader(values: values, columns: self.layout.columns))
        } catch {
            return .failure(error)
        }
    }

    private mutating func nextRaw() async throws(ExchangeError) -> RawRow? {
        while true {
            if let row = self.parser.next() { return row }
            guard !self.isAtEnd else { return nil }
            let chunk = try await self.file.read(at: self.offset)
            self.offset += chunk.count
            if chunk.isEmpty {
                self.isAtEnd = true
                self.parser.finish()
            } else {
                self.parser.append(chunk)
            }
        }
    }
}
