internal import Mesh

/// The wire form to JSON, by description. What the description doesn't know is left out.
struct DynamicDecoder {
    /// Descriptions come from a server, and may be recursive.
    private static let deepest = 64

    let schema: DynamicSchema
    var depth = 0

    func message(_ bytes: ArraySlice<UInt8>, as name: String) throws(MeshError) -> DynamicValue {
        guard self.depth < Self.deepest else { throw MeshError(.invalidArgument, "the message is nested too deep") }
        let inner = Self(schema: self.schema, depth: self.depth + 1)
        let fields = try self.schema.message(name).fields
        var values: [UInt32: [DynamicValue]] = [:]
        var reader = WireReader(bytes)
        while let (number, value) = try reader.next() {
            guard let field = fields.first(where: { $0.number == number }) else { continue }
            let kind = try field.kind()
            if field.repeated, kind.wireType != 2, case .bytes(let packed) = value {
                values[number, default: []] += try inner.packed(packed, field, kind)
            } else {
                let value = try inner.value(value, field, kind)
                if field.repeated { values[number, default: []].append(value) } else { values[number] = [value] }
            }
        }
        var members: [DynamicValue.Member] = []
        for field in fields {
            guard let found = values[field.number] else { continue }
            members.append(.init(field.name, field.repeated ? .array(found) : found.last ?? .null))
        }
        return .object(members)
    }

    private func packed(
        _ bytes: ArraySlice<UInt8>, _ field: FieldDescription, _ kind: FieldDescriptor.Kind
    ) throws(MeshError) -> [DynamicValue] {
        var reader = WireReader(bytes)
        var values: [DynamicValue] = []
        while !reader.isAtEnd {
            let value: WireReader.Value
            switch kind.wireType {
            case 1: value = .fixed64(try reader.fixed())
            case 5: value = .fixed32(try reader.fixed())
            default: value = .varint(try reader.varint())
            }
            values.append(try self.value(value, field, kind))
        }
        return values
    }

    private func value(
        _ value: WireReader.Value, _ field: FieldDescription, _ kind: FieldDescriptor.Kind
    ) throws(MeshError) -> DynamicValue {
        switch (kind, value) {
        case (.double, .fixed64(let bits)): return .number(Double(bitPattern: bits))
        case (.float, .fixed32(let bits)): return Self.short(Float(bitPattern: bits))
        case (.fixed64, .fixed64(let number)), (.uint64, .varint(let number)): return Self.unsigned(number)
        case (.sfixed64, .fixed64(let number)), (.int64, .varint(let number)): return .integer(Int64(bitPattern: number))
        case (.fixed32, .fixed32(let number)): return .integer(Int64(number))
        case (.sfixed32, .fixed32(let number)): return .integer(Int64(Int32(bitPattern: number)))
        case (.uint32, .varint(let number)): return .integer(Int64(UInt32(truncatingIfNeeded: number)))
        case (.int32, .varint(let number)): return .integer(Int64(Int32(truncatingIfNeeded: number)))
        case (.sint32, .varint(let number)), (.sint64, .varint(let number)):
            return .integer(Int64(bitPattern: number >> 1) ^ -Int64(bitPattern: number & 1))
        case (.bool, .varint(let number)): return .bool(number != 0)
        case (.enumeration, .varint(let number)):
            let number = Int32(truncatingIfNeeded: number)
            let known = try self.schema.enumeration(field.typeName).values.first { $0.number == number }
            return known.map { .string($0.name) } ?? .integer(Int64(number))
        case (.string, .bytes(let bytes)):
            guard let text = String(validating: bytes, as: UTF8.self) else {
                throw MeshError(.invalidArgument, "\(field.name) isn't UTF-8")
            }
            return .string(text)
        case (.bytes, .bytes(let bytes)): return .string(Base64.encode(bytes))
        case (.message, .bytes(let bytes)): return try self.message(bytes, as: field.typeName)
        default: throw MeshError(.invalidArgument, "\(field.name) isn't of the type that its description says")
        }
    }

    private static func unsigned(_ number: UInt64) -> DynamicValue {
        Int64(exactly: number).map { .integer($0) } ?? .unsigned(number)
    }

    /// The shortest decimal number that is this one, not the digits that a Double adds.
    private static func short(_ number: Float) -> DynamicValue { .number(Double("\(number)") ?? Double(number)) }
}

/// RFC 4648, with padding.
enum Base64 {
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    static func encode(_ bytes: some Collection<UInt8>) -> String {
        var text: [UInt8] = []
        var rest = Array(bytes)[...]
        while !rest.isEmpty {
            let group = rest.prefix(3)
            rest = rest.dropFirst(3)
            let bits = group.reduce(UInt32(0)) { $0 << 8 | UInt32($1) } << UInt32(8 * (3 - group.count))
            for index in 0..<4 {
                text.append(index <= group.count ? self.alphabet[Int(bits >> UInt32(18 - 6 * index) & 63)] : UInt8(ascii: "="))
            }
        }
        return String(decoding: text, as: UTF8.self)
    }

    static func decode(_ text: String) -> [UInt8]? {
        guard text.utf8.count % 4 == 0 else { return nil }
        let digits = text.utf8.reversed().drop { $0 == UInt8(ascii: "=") }.reversed()
        guard text.utf8.count - digits.count <= 2 else { return nil }
        var bytes: [UInt8] = []
        var (bits, count) = (UInt32(0), UInt32(0))
        for digit in digits {
            guard let value = self.alphabet.firstIndex(of: digit) else { return nil }
            bits = bits << 6 | UInt32(value)
            count += 6
            if count >= 8 {
                count -= 8
                bytes.append(UInt8(truncatingIfNeeded: bits >> count))
            }
        }
        return bytes
    }
}
