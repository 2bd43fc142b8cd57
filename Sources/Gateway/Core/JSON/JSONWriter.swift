public import Domain

/// Appends JSON to a byte buffer; an order of magnitude faster than `JSONEncoder`, and its key order is the caller's.
///
/// Commas are placed by the writer: call ``key(_:)`` before each member's value and ``element()`` before each element.
public struct JSONWriter {
    public private(set) var bytes: [UInt8]
    private var needsComma = false

    public init(reservingCapacity capacity: Int = 512) {
        self.bytes = []
        self.bytes.reserveCapacity(capacity)
    }

    // MARK: Structure

    public mutating func object(_ members: (inout JSONWriter) throws -> Void) rethrows {
        self.open(UInt8(ascii: "{"))
        try members(&self)
        self.close(UInt8(ascii: "}"))
    }

    public mutating func array<Elements: Sequence>(
        _ elements: Elements, _ write: (inout JSONWriter, Elements.Element) throws -> Void
    ) rethrows {
        self.open(UInt8(ascii: "["))
        for element in elements {
            self.element()
            try write(&self, element)
        }
        self.close(UInt8(ascii: "]"))
    }

    /// Starts a member whose name needs no escaping.
    public mutating func key(_ name: StaticString) {
        self.separate()
        self.bytes.append(UInt8(ascii: "\""))
        name.withUTF8Buffer { unsafe self.bytes.append(contentsOf: $0) }
        self.bytes.append(UInt8(ascii: "\""))
        self.bytes.append(UInt8(ascii: ":"))
    }

    /// Starts a member with any name.
    public mutating func key(dynamic name: String) {
        self.separate()
        self.string(name)
        self.bytes.append(UInt8(ascii: ":"))
    }

    /// Starts an element of an array.
    public mutating func element() { self.separate() }

    private mutating func separate() {
        if self.needsComma { self.bytes.append(UInt8(ascii: ",")) }
        self.needsComma = true
    }

    private mutating func open(_ bracket: UInt8) {
        self.bytes.append(bracket)
        self.needsComma = false
    }

    private mutating func close(_ bracket: UInt8) {
        self.bytes.append(bracket)
        self.needsComma = true
    }

    // MARK: Values

    public mutating func null() { self.bytes.append(contentsOf: [0x6E, 0x75, 0x6C, 0x6C]) }

    public mutating func bool(_ value: Bool) { self.bytes.append(contentsOf: (value ? "true" : "false").utf8) }

    public mutating func integer(_ value: some BinaryInteger) {
        guard let value = Int64(exactly: value) else {
            self.bytes.append(contentsOf: String(value).utf8)
            return
        }
        if value < 0 { self.bytes.append(UInt8(ascii: "-")) }
        let start = self.bytes.count
        var rest = value.magnitude
        repeat {
            self.bytes.append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10))
            rest /= 10
        } while rest > 0
        self.bytes[start...].reverse()
    }

    /// The shortest text that reads back as the same number; `null` for what JSON can't hold.
    public mutating func double(_ value: Double) {
        guard value.isFinite else {
            self.null()
            return
        }
        self.bytes.append(contentsOf: value.description.utf8)
    }

    /// Rounded to a number of decimals, without trailing zeros.
    public mutating func double(_ value: Double, decimals: Int) {
        guard value.isFinite, abs(value) < 1e12 else {
            self.double(value)
            return
        }
        var scale: Int64 = 1
        for _ in 0..<decimals { scale *= 10 }
        let scaled = Int64((value * Double(scale)).rounded())
        if scaled < 0 { self.bytes.append(UInt8(ascii: "-")) }
        self.integer(scaled.magnitude / scale.magnitude)
        var fraction = scaled.magnitude % scale.magnitude
        guard fraction > 0 else { return }
        self.bytes.append(UInt8(ascii: "."))
        var place = scale.magnitude / 10
        while fraction > 0 {
            self.bytes.append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: fraction / place))
            fraction %= place
            place /= 10
        }
    }

    public mutating func string(_ text: some StringProtocol) {
        self.bytes.append(UInt8(ascii: "\""))
        let isCopied: Void? = text.utf8.withContiguousStorageIfAvailable { bytes in
            // Text that needs no escaping, which is nearly all, is copied as it is.
            if unsafe bytes.contains(where: Self.needsEscaping) {
                unsafe self.escaped(bytes)
            } else {
                unsafe self.bytes.append(contentsOf: bytes)
            }
        }
        if isCopied == nil { self.escaped(text.utf8) }
        self.bytes.append(UInt8(ascii: "\""))
    }

    /// ISO 8601 in UTC.
    public mutating func timestamp(_ time: Timestamp) {
        self.bytes.append(UInt8(ascii: "\""))
        time.append(to: &self.bytes)
        self.bytes.append(UInt8(ascii: "\""))
    }

    public mutating func optional(_ time: Timestamp?) {
        if let time { self.timestamp(time) } else { self.null() }
    }

    public mutating func optional(_ text: String?) {
        if let text { self.string(text) } else { self.null() }
    }

    public mutating func value(_ value: JSONValue) {
        switch value {
        case .null: self.null()
        case .bool(let value): self.bool(value)
        case .number(let text): self.bytes.append(contentsOf: text.utf8)
        case .string(let text): self.string(text)
        case .array(let elements): self.array(elements) { $0.value($1) }
        case .object(let members):
            self.object { writer in
                for member in members {
                    writer.key(dynamic: member.name)
                    writer.value(member.value)
                }
            }
        }
    }

    /// Text that is known to be valid JSON.
    public mutating func raw(_ json: String) { self.bytes.append(contentsOf: json.utf8) }
    public mutating func raw(_ json: ArraySlice<UInt8>) { self.bytes.append(contentsOf: json) }

    private mutating func escaped(_ text: some Sequence<UInt8>) {
        for byte in text {
            guard Self.needsEscaping(byte) else {
                self.bytes.append(byte)
                continue
            }
            self.bytes.append(UInt8(ascii: "\\"))
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): self.bytes.append(byte)
            case 0x08: self.bytes.append(UInt8(ascii: "b"))
            case 0x09: self.bytes.append(UInt8(ascii: "t"))
            case 0x0A: self.bytes.append(UInt8(ascii: "n"))
            case 0x0C: self.bytes.append(UInt8(ascii: "f"))
            case 0x0D: self.bytes.append(UInt8(ascii: "r"))
            default:
                self.bytes.append(contentsOf: [UInt8(ascii: "u"), UInt8(ascii: "0"), UInt8(ascii: "0")])
                self.bytes.append(Self.hexadecimal[Int(byte >> 4)])
                self.bytes.append(Self.hexadecimal[Int(byte & 15)])
            }
        }
    }

    private static func needsEscaping(_ byte: UInt8) -> Bool {
        byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\")
    }

    private static let hexadecimal = Array("0123456789abcdef".utf8)
}

extension JSONWriter {
    /// The bytes of one JSON value.
    public static func bytes(reservingCapacity capacity: Int = 512, _ write: (inout JSONWriter) throws -> Void) rethrows -> [UInt8] {
        var writer = JSONWriter(reservingCapacity: capacity)
        try write(&writer)
        return writer.bytes
    }
}
