/// What turns bytes into rows. Bytes are appended as they come; a row that isn't whole yet waits for more.
package protocol RecordParser: Sendable {
    mutating func append(_ bytes: [UInt8])
    /// No more bytes will come.
    mutating func finish()
    /// - Returns: The next row, or `nil` if more bytes are needed or none are left.
    mutating func next() -> RawRow?
}

/// The bytes that have come and are not used up, with the place of the first in the file.
struct ParserInput: Sendable {
    /// A row longer than this is refused: a quote that is never closed must not eat the file.
    static let longestRow = 1 << 20

    private(set) var bytes: [UInt8] = []
    private(set) var position = 0
    private(set) var isFinished = false
    /// Of the next byte.
    private(set) var offset: Int
    /// Of the next byte, from 1.
    private(set) var line: Int

    init(offset: Int, line: Int) {
        self.offset = offset
        self.line = line
    }

    var rest: ArraySlice<UInt8> { self.bytes[self.position...] }
    var isEmpty: Bool { self.position == self.bytes.count }

    mutating func append(_ bytes: [UInt8]) {
        self.bytes.removeFirst(self.position)
        self.position = 0
        self.bytes += bytes
        // A byte order mark may only be the file's first character.
        if self.offset == 0, self.bytes.starts(with: [0xEF, 0xBB, 0xBF]) { self.advance(by: 3) }
    }

    mutating func finish() { self.isFinished = true }

    mutating func advance(by count: Int) {
        for byte in self.bytes[self.position..<(self.position + count)] where byte == UInt8(ascii: "\n") { self.line += 1 }
        self.position += count
        self.offset += count
    }

    /// Skips empty lines.
    mutating func skipBlankLines() {
        while let byte = self.rest.first, byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r") { self.advance(by: 1) }
    }

    /// Bytes up to and with the next line feed; all that is left if the file ends without one; `nil` if more must come.
    func lineLength() -> Int? {
        if let end = self.rest.firstIndex(of: UInt8(ascii: "\n")) { return end - self.position + 1 }
        return self.isFinished ? self.rest.count : nil
    }

    var isTooLong: Bool { self.rest.count > Self.longestRow }

    /// Goes behind the next line feed.
    ///
    /// - Returns: `false` if it has not come yet; what is there is dropped then.
    mutating func skipLine() -> Bool {
        if let length = self.lineLength() {
            self.advance(by: length)
            return true
        }
        self.advance(by: self.rest.count)
        return false
    }
}

/// A row that is refused before its end has come: it is skipped up to the end of its line, where the next may be good again.
struct Refusal {
    let line: Int
    let reason: String

    func row(skippingIn input: inout ParserInput) -> RawRow? {
        guard input.skipLine() else { return nil }
        return RawRow(line: self.line, end: input.offset, content: .failure(RowError(self.reason)))
    }
}

extension ArraySlice<UInt8> {
    /// Without the line feed and carriage return at its end.
    var withoutLineEnd: ArraySlice<UInt8> {
        var slice = self
        if slice.last == UInt8(ascii: "\n") { slice.removeLast() }
        if slice.last == UInt8(ascii: "\r") { slice.removeLast() }
        return slice
    }
}
