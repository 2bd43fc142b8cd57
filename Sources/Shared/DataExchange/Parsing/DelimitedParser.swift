/// Rows of fields after RFC 4180: a field in quotes may hold the separator, line ends and doubled quotes. Lines end in LF or CRLF.
package struct DelimitedParser: RecordParser {
    private var input: ParserInput
    private let separator: UInt8
    private var refusal: Refusal?

    package init(separator: UInt8, offset: Int = 0, line: Int = 1) {
        self.separator = separator
        self.input = ParserInput(offset: offset, line: line)
    }

    package mutating func append(_ bytes: [UInt8]) { self.input.append(bytes) }
    package mutating func finish() { self.input.finish() }

    package mutating func next() -> RawRow? {
        if self.refusal != nil { return self.skipRefused() }
        self.input.skipBlankLines()
        guard !self.input.isEmpty else { return nil }
        let line = self.input.line
        switch self.scan() {
        case .needsMore: return nil
        case .row(let values, let length):
            self.input.advance(by: length)
            return RawRow(line: line, end: self.input.offset, content: .success(values))
        case .refused(let reason):
            self.refusal = Refusal(line: line, reason: reason)
            return self.skipRefused()
        }
    }

    private mutating func skipRefused() -> RawRow? {
        guard let row = self.refusal?.row(skippingIn: &self.input) else { return nil }
        self.refusal = nil
        return row
    }

    private enum Scan {
        case row([RawValue], length: Int)
        case refused(String)
        case needsMore
    }

    private func scan() -> Scan {
        let bytes = self.input.rest
        var values: [RawValue] = []
        var index = bytes.startIndex
        while true {
            switch self.field(bytes, at: index) {
            case .needsMore: return self.input.isTooLong ? .refused("the row is longer than 1 MB") : .needsMore
            case .refused(let reason): return .refused(reason)
            case .field(let value, let end):
                values.append(value)
                guard end < bytes.endIndex else { return .row(values, length: bytes.count) }
                index = end + 1
                guard bytes[end] == self.separator else {
                    // A carriage return stands before the line feed that ends the row.
                    if bytes[end] == UInt8(ascii: "\r") { index = Swift.min(index + 1, bytes.endIndex) }
                    return .row(values, length: index - bytes.startIndex)
                }
            }
        }
    }

    private enum FieldScan {
        /// `end`: the separator or line end behind it, or the end of the file.
        case field(RawValue, end: Int)
        case refused(String)
        case needsMore
    }

    private func field(_ bytes: ArraySlice<UInt8>, at start: Int) -> FieldScan {
        if start < bytes.endIndex, bytes[start] == UInt8(ascii: "\"") { return self.quotedField(bytes, at: start + 1) }
        var end = start
        while end < bytes.endIndex, bytes[end] != self.separator, bytes[end] != UInt8(ascii: "\n") { end += 1 }
        guard end < bytes.endIndex || self.input.isFinished else { return .needsMore }
        let isLast = end == bytes.endIndex || bytes[end] == UInt8(ascii: "\n")
        if isLast, end > start, bytes[end - 1] == UInt8(ascii: "\r") { end -= 1 }
        guard end > start else { return .field(.absent, end: end) }
        guard let text = Self.text(bytes[start..<end]) else { return .refused("the row is not UTF-8 text") }
        return .field(.text(text), end: end)
    }

    private func quotedField(_ bytes: ArraySlice<UInt8>, at start: Int) -> FieldScan {
        var content: [UInt8] = []
        var index = start
        while true {
            guard let quote = bytes[index...].firstIndex(of: UInt8(ascii: "\"")) else {
                return self.input.isFinished ? .refused("a quote is never closed") : .needsMore
            }
            content += bytes[index..<quote]
            index = quote + 1
            if index == bytes.endIndex {
                guard self.input.isFinished else { return .needsMore }
                break
            }
            guard bytes[index] == UInt8(ascii: "\"") else { break }
            content.append(UInt8(ascii: "\""))
            index += 1
        }
        if index < bytes.endIndex, bytes[index] == UInt8(ascii: "\r") {
            guard index + 1 < bytes.endIndex || self.input.isFinished else { return .needsMore }
            guard index + 1 == bytes.endIndex || bytes[index + 1] == UInt8(ascii: "\n") else {
                return .refused("text follows a closing quote")
            }
        } else if index < bytes.endIndex, bytes[index] != self.separator, bytes[index] != UInt8(ascii: "\n") {
            return .refused("text follows a closing quote")
        }
        guard let text = Self.text(content[...]) else { return .refused("the row is not UTF-8 text") }
        return .field(.text(text), end: index)
    }

    private static func text(_ bytes: ArraySlice<UInt8>) -> String? { String(validating: bytes, as: UTF8.self) }
}
