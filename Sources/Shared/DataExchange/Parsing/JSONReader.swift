/// Reads one JSON text after RFC 8259, as far as rows need it: an object of scalars, arrays of strings and nested objects.
struct JSONReader {
    private let bytes: ArraySlice<UInt8>
    private var index: Int

    init(_ bytes: ArraySlice<UInt8>) {
        self.bytes = bytes
        self.index = bytes.startIndex
    }

    /// Members in order; `nil` if this is no object or something follows it.
    static func object(_ bytes: ArraySlice<UInt8>) -> [(key: String, value: RawValue)]? {
        var reader = JSONReader(bytes)
        reader.skipBlanks()
        guard let members = reader.members(depth: 0) else { return nil }
        reader.skipBlanks()
        return reader.index == bytes.endIndex ? members : nil
    }

    /// Strings of an array; `nil` if this is no array or holds anything else.
    static func strings(_ text: String) -> [String]? {
        var reader = JSONReader(Array(text.utf8)[...])
        reader.skipBlanks()
        guard case .list(let strings)? = reader.value(depth: 0) else { return nil }
        reader.skipBlanks()
        return reader.index == reader.bytes.endIndex ? strings : nil
    }

    private var current: UInt8? { self.index < self.bytes.endIndex ? self.bytes[self.index] : nil }

    private mutating func skipBlanks() {
        while let byte = self.current, byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D { self.index += 1 }
    }

    private mutating func skip(_ character: Unicode.Scalar) -> Bool {
        guard self.current == UInt8(ascii: character) else { return false }
        self.index += 1
        return true
    }

    private mutating func members(depth: Int) -> [(key: String, value: RawValue)]? {
        guard depth < 32, self.skip("{") else { return nil }
        var members: [(key: String, value: RawValue)] = []
        self.skipBlanks()
        if self.skip("}") { return members }
        repeat {
            self.skipBlanks()
            guard let key = self.string() else { return nil }
            self.skipBlanks()
            guard self.skip(":") else { return nil }
            guard let value = self.value(depth: depth + 1) else { return nil }
            members.append((key, value))
            self.skipBlanks()
        } while self.skip(",")
        return self.skip("}") ? members : nil
    }

    private mutating func value(depth: Int) -> RawValue? {
        self.skipBlanks()
        let start = self.index
        switch self.current {
        case UInt8(ascii: "\"")?: return self.string().map(RawValue.text)
        case UInt8(ascii: "{")?:
            guard self.members(depth: depth) != nil else { return nil }
            return .object(String(decoding: self.bytes[start..<self.index], as: UTF8.self))
        case UInt8(ascii: "[")?: return self.array(depth: depth)
        case UInt8(ascii: "n")?: return self.word("null") ? .absent : nil
        case UInt8(ascii: "t")?: return self.word("true") ? .other("true") : nil
        case UInt8(ascii: "f")?: return self.word("false") ? .other("false") : nil
        default: return self.number()
        }
    }

    private mutating func array(depth: Int) -> RawValue? {
        guard depth < 32, self.skip("[") else { return nil }
        var strings: [String] = []
        var isPlain = true
        self.skipBlanks()
        if self.skip("]") { return .list([]) }
        repeat {
            self.skipBlanks()
            // A number is a `text`, too.
            let isString = self.current == UInt8(ascii: "\"")
            guard let value = self.value(depth: depth + 1) else { return nil }
            if isString, case .text(let string) = value { strings.append(string) } else { isPlain = false }
            self.skipBlanks()
        } while self.skip(",")
        guard self.skip("]") else { return nil }
        return isPlain ? .list(strings) : .other("an array of other things than strings")
    }

    private mutating func word(_ word: String) -> Bool {
        guard self.bytes[self.index...].starts(with: word.utf8) else { return false }
        self.index += word.utf8.count
        return true
    }

    /// Digits as they stand, so that no identifier is rounded.
    private mutating func number() -> RawValue? {
        let start = self.index
        _ = self.skip("-")
        guard self.digits() > 0 else { return nil }
        if self.bytes[start..<self.index].count > 1, self.hasLeadingZero(from: start) { return nil }
        if self.skip(".") { guard self.digits() > 0 else { return nil } }
        if self.skip("e") || self.skip("E") {
            if !self.skip("+") { _ = self.skip("-") }
            guard self.digits() > 0 else { return nil }
        }
        return .text(String(decoding: self.bytes[start..<self.index], as: UTF8.self))
    }

    private func hasLeadingZero(from start: Int) -> Bool {
        let digits = self.bytes[start..<self.index].drop { $0 == UInt8(ascii: "-") }
        return digits.count > 1 && digits.first == UInt8(ascii: "0")
    }

    private mutating func digits() -> Int {
        let start = self.index
        while let byte = self.current, (48...57).contains(byte) { self.index += 1 }
        return self.index - start
    }

    private mutating func string() -> String? {
        guard self.skip("\"") else { return nil }
        var content: [UInt8] = []
        while let byte = self.current {
            self.index += 1
            switch byte {
            case UInt8(ascii: "\""): return String(validating: content, as: UTF8.self)
            case UInt8(ascii: "\\"):
                guard let scalar = self.escape() else { return nil }
                content.append(contentsOf: String(scalar).utf8)
            case 0..<0x20: return nil
            default: content.append(byte)
            }
        }
        return nil
    }

    private mutating func escape() -> Unicode.Scalar? {
        guard let byte = self.current else { return nil }
        self.index += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(byte)
        case UInt8(ascii: "b"): return "\u{8}"
        case UInt8(ascii: "f"): return "\u{C}"
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "u"):
            guard let unit = self.hexadecimal() else { return nil }
            guard (0xD800..<0xDC00).contains(unit) else { return Unicode.Scalar(unit) }
            guard self.skip("\\"), self.skip("u"), let low = self.hexadecimal(), (0xDC00..<0xE000).contains(low) else { return nil }
            return Unicode.Scalar(0x10000 + (unit - 0xD800) << 10 + (low - 0xDC00))
        default: return nil
        }
    }

    private mutating func hexadecimal() -> UInt32? {
        guard self.index + 4 <= self.bytes.endIndex else { return nil }
        let text = self.bytes[self.index..<(self.index + 4)]
        guard text.allSatisfy({ (48...57).contains($0) || (65...70).contains($0) || (97...102).contains($0) }) else { return nil }
        self.index += 4
        return UInt32(String(decoding: text, as: UTF8.self), radix: 16)
    }
}
