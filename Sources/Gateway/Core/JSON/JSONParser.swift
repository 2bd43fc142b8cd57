/// Reads one JSON text (RFC 8259), strictly: no trailing comma, no duplicate member, valid UTF-8, no lone surrogate, bounded depth.
public struct JSONParser {
    /// Why a text is no JSON, and where.
    public struct Failure: Error, Hashable, Sendable {
        public let message: String
        /// Offset of the offending byte.
        public let offset: Int

        public init(message: String, offset: Int) {
            self.message = message
            self.offset = offset
        }
    }

    private let bytes: [UInt8]
    private var position = 0
    private var depth = 0
    private let maximumDepth: Int

    /// - Parameter maximumDepth: How deep arrays and objects may nest.
    public static func parse(_ bytes: [UInt8], maximumDepth: Int = 32) throws(Failure) -> JSONValue {
        var parser = JSONParser(bytes: bytes, maximumDepth: maximumDepth)
        parser.skipBlanks()
        let value = try parser.value()
        parser.skipBlanks()
        guard parser.position == bytes.count else { throw parser.failure("Unexpected text after the value") }
        return value
    }

    private init(bytes: [UInt8], maximumDepth: Int) {
        self.bytes = bytes
        self.maximumDepth = maximumDepth
    }

    private func failure(_ message: String) -> Failure { Failure(message: message, offset: self.position) }

    private var current: UInt8? { self.position < self.bytes.count ? self.bytes[self.position] : nil }

    private mutating func skipBlanks() {
        while let byte = self.current, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { self.position += 1 }
    }

    private mutating func value() throws(Failure) -> JSONValue {
        switch self.current {
        case UInt8(ascii: "{"): return try self.object()
        case UInt8(ascii: "["): return try self.array()
        case UInt8(ascii: "\""): return .string(try self.string())
        case UInt8(ascii: "t"): return try self.literal("true", .bool(true))
        case UInt8(ascii: "f"): return try self.literal("false", .bool(false))
        case UInt8(ascii: "n"): return try self.literal("null", .null)
        case let byte? where byte == UInt8(ascii: "-") || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte): return try self.number()
        case nil: throw self.failure("The text ends where a value should be")
        default: throw self.failure("A value should be here")
        }
    }

    private mutating func literal(_ text: StaticString, _ value: JSONValue) throws(Failure) -> JSONValue {
        for byte in String(describing: text).utf8 {
            guard self.current == byte else { throw self.failure("A value should be here") }
            self.position += 1
        }
        return value
    }

    private mutating func enter() throws(Failure) {
        self.depth += 1
        guard self.depth <= self.maximumDepth else { throw self.failure("Nested deeper than \(self.maximumDepth) levels") }
        self.position += 1
        self.skipBlanks()
    }

    private mutating func object() throws(Failure) -> JSONValue {
        try self.enter()
        defer { self.depth -= 1 }
        var members: [JSONValue.Member] = []
        var names: Set<String> = []
        if self.current == UInt8(ascii: "}") {
            self.position += 1
            return .object(members)
        }
        while true {
            guard self.current == UInt8(ascii: "\"") else { throw self.failure("A member's name should be here") }
            let name = try self.string()
            guard names.insert(name).inserted else { throw self.failure("The same member appears twice") }
            self.skipBlanks()
            guard self.current == UInt8(ascii: ":") else { throw self.failure("A colon should be here") }
            self.position += 1
            self.skipBlanks()
            members.append(.init(name, try self.value()))
            if try self.isLast(closing: UInt8(ascii: "}")) { return .object(members) }
        }
    }

    private mutating func array() throws(Failure) -> JSONValue {
        try self.enter()
        defer { self.depth -= 1 }
        var elements: [JSONValue] = []
        if self.current == UInt8(ascii: "]") {
            self.position += 1
            return .array(elements)
        }
        while true {
            elements.append(try self.value())
            if try self.isLast(closing: UInt8(ascii: "]")) { return .array(elements) }
        }
    }

    /// Steps over the comma between two elements, or over the closing bracket.
    private mutating func isLast(closing: UInt8) throws(Failure) -> Bool {
        self.skipBlanks()
        guard let byte = self.current, byte == closing || byte == UInt8(ascii: ",") else {
            throw self.failure("A comma or the closing bracket should be here")
        }
        self.position += 1
        self.skipBlanks()
        return byte == closing
    }

    private mutating func number() throws(Failure) -> JSONValue {
        let start = self.position
        if self.current == UInt8(ascii: "-") { self.position += 1 }
        if self.current == UInt8(ascii: "0") {
            self.position += 1
        } else {
            try self.digits()
        }
        if self.current == UInt8(ascii: ".") {
            self.position += 1
            try self.digits()
        }
        if self.current == UInt8(ascii: "e") || self.current == UInt8(ascii: "E") {
            self.position += 1
            if self.current == UInt8(ascii: "+") || self.current == UInt8(ascii: "-") { self.position += 1 }
            try self.digits()
        }
        return .number(String(decoding: self.bytes[start..<self.position], as: UTF8.self))
    }

    private mutating func digits() throws(Failure) {
        let start = self.position
        while let byte = self.current, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) { self.position += 1 }
        guard self.position > start else { throw self.failure("A digit should be here") }
    }

    private mutating func string() throws(Failure) -> String {
        self.position += 1
        let start = self.position
        while let byte = self.current, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\"), byte >= 0x20 { self.position += 1 }
        if self.current == UInt8(ascii: "\"") {
            let text = String(validating: self.bytes[start..<self.position], as: UTF8.self)
            guard let text else { throw self.failure("The text is not valid UTF-8") }
            self.position += 1
            return text
        }
        var collected = Array(self.bytes[start..<self.position])
        while let byte = self.current {
            switch byte {
            case UInt8(ascii: "\""):
                guard let text = String(validating: collected, as: UTF8.self) else { throw self.failure("The text is not valid UTF-8") }
                self.position += 1
                return text
            case UInt8(ascii: "\\"):
                self.position += 1
                try self.escape(into: &collected)
            case ..<0x20:
                throw self.failure("A control character must be escaped")
            default:
                collected.append(byte)
                self.position += 1
            }
        }
        throw self.failure("The text ends inside a string")
    }

    private mutating func escape(into collected: inout [UInt8]) throws(Failure) {
        guard let byte = self.current else { throw self.failure("The text ends inside a string") }
        self.position += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): collected.append(byte)
        case UInt8(ascii: "b"): collected.append(0x08)
        case UInt8(ascii: "f"): collected.append(0x0C)
        case UInt8(ascii: "n"): collected.append(0x0A)
        case UInt8(ascii: "r"): collected.append(0x0D)
        case UInt8(ascii: "t"): collected.append(0x09)
        case UInt8(ascii: "u"): collected.append(contentsOf: String(Character(try self.unicodeEscape())).utf8)
        default: throw self.failure("No such escape")
        }
    }

    private mutating func unicodeEscape() throws(Failure) -> Unicode.Scalar {
        let first = try self.hexadecimal()
        if (0xD800..<0xDC00).contains(first) {
            guard self.current == UInt8(ascii: "\\") else { throw self.failure("A surrogate stands alone") }
            self.position += 1
            guard self.current == UInt8(ascii: "u") else { throw self.failure("A surrogate stands alone") }
            self.position += 1
            let second = try self.hexadecimal()
            guard (0xDC00..<0xE000).contains(second),
                let scalar = Unicode.Scalar(0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00))
            else { throw self.failure("A surrogate stands alone") }
            return scalar
        }
        guard let scalar = Unicode.Scalar(first) else { throw self.failure("A surrogate stands alone") }
        return scalar
    }

    private mutating func hexadecimal() throws(Failure) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<4 {
            guard let byte = self.current, let digit = Character(Unicode.Scalar(byte)).hexDigitValue else {
                throw self.failure("Four hexadecimal digits should be here")
            }
            value = value << 4 | UInt32(digit)
            self.position += 1
        }
        return value
    }
}
