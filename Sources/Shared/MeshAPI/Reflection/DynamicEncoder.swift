internal import Mesh

/// JSON to the wire form, by description.
struct DynamicEncoder {
    let schema: DynamicSchema

    /// - Parameter path: Where the message stands, for complaints: `filter.`.
    func message(_ value: DynamicValue, as name: String, path: String) throws(MeshError) -> [UInt8] {
        guard case .object(let members) = value else {
            throw MeshError(.invalidArgument, path.isEmpty ? "the request must be an object" : "\(path.dropLast()) must be an object")
        }
        let description = try self.schema.message(name)
        for member in members where !description.fields.contains(where: { $0.name == member.name || $0.camelName == member.name }) {
            let known = description.fields.map(\.name).joined(separator: ", ")
            throw MeshError(.invalidArgument, "\(name) has no field \(path)\(member.name); it has \(known.isEmpty ? "none" : known)")
        }
        var writer = WireWriter()
        for field in description.fields {
            guard let member = members.last(where: { $0.name == field.name || $0.name == field.camelName }), member.value != .null
            else { continue }
            try self.field(field, member.value, path: path + field.name, to: &writer)
        }
        return writer.bytes
    }

    private func field(_ field: FieldDescription, _ value: DynamicValue, path: String, to writer: inout WireWriter) throws(MeshError) {
        let kind = try field.kind()
        guard field.repeated else {
            try self.tagged(field, kind, value, path: path, to: &writer)
            return
        }
        guard case .array(let elements) = value else { throw MeshError(.invalidArgument, "\(path) must be a list") }
        if kind == .string || kind == .bytes || kind == .message {
            for (index, element) in elements.enumerated() {
                try self.tagged(field, kind, element, path: "\(path)[\(index)]", to: &writer)
            }
        } else if !elements.isEmpty {
            var packed = WireWriter()
            for (index, element) in elements.enumerated() {
                try self.scalar(field, kind, element, path: "\(path)[\(index)]", to: &packed)
            }
            writer.bytes(packed.bytes, field: field.number)
        }
    }

    private func tagged(
        _ field: FieldDescription, _ kind: FieldDescriptor.Kind, _ value: DynamicValue, path: String, to writer: inout WireWriter
    ) throws(MeshError) {
        switch kind {
        case .message: writer.bytes(try self.message(value, as: field.typeName, path: path + "."), field: field.number)
        case .string:
            guard case .string(let text) = value else { throw MeshError(.invalidArgument, "\(path) must be text") }
            writer.bytes(Array(text.utf8), field: field.number)
        case .bytes:
            guard case .string(let text) = value, let bytes = Base64.decode(text) else {
                throw MeshError(.invalidArgument, "\(path) must be base64")
            }
            writer.bytes(bytes, field: field.number)
        default:
            writer.varint(UInt64(field.number) << 3 | kind.wireType)
            try self.scalar(field, kind, value, path: path, to: &writer)
        }
    }

    private func scalar(
        _ field: FieldDescription, _ kind: FieldDescriptor.Kind, _ value: DynamicValue, path: String, to writer: inout WireWriter
    ) throws(MeshError) {
        switch kind {
        case .double: writer.fixed(try self.number(value, path).bitPattern)
        case .float: writer.fixed(Float(try self.number(value, path)).bitPattern)
        case .bool:
            guard case .bool(let flag) = value else { throw MeshError(.invalidArgument, "\(path) must be true or false") }
            writer.varint(flag ? 1 : 0)
        case .int64: writer.varint(UInt64(bitPattern: try self.integer(value, path) as Int64))
        case .int32: writer.varint(UInt64(bitPattern: Int64(try self.integer(value, path) as Int32)))
        case .uint64: writer.varint(try self.integer(value, path))
        case .uint32: writer.varint(UInt64(try self.integer(value, path) as UInt32))
        case .fixed64: writer.fixed(try self.integer(value, path) as UInt64)
        case .fixed32: writer.fixed(try self.integer(value, path) as UInt32)
        case .sfixed64: writer.fixed(UInt64(bitPattern: try self.integer(value, path) as Int64))
        case .sfixed32: writer.fixed(UInt32(bitPattern: try self.integer(value, path) as Int32))
        case .sint64:
            let number: Int64 = try self.integer(value, path)
            writer.varint(UInt64(bitPattern: number << 1 ^ number >> 63))
        case .sint32:
            let number = Int64(try self.integer(value, path) as Int32)
            writer.varint(UInt64(bitPattern: number << 1 ^ number >> 63))
        case .enumeration: writer.varint(UInt64(bitPattern: Int64(try self.enumeration(field, value, path))))
        case .string, .bytes, .message: throw MeshError(.internal, "\(path) isn't a number")
        }
    }

    private func enumeration(_ field: FieldDescription, _ value: DynamicValue, _ path: String) throws(MeshError) -> Int32 {
        guard case .string(let name) = value else { return try self.integer(value, path) }
        let values = try self.schema.enumeration(field.typeName).values
        guard let found = values.first(where: { $0.name == name }) else {
            throw MeshError(.invalidArgument, "\(path) must be one of \(values.map(\.name).joined(separator: ", "))")
        }
        return found.number
    }

    private func number(_ value: DynamicValue, _ path: String) throws(MeshError) -> Double {
        switch value {
        case .number(let number): return number
        case .integer(let number): return Double(number)
        case .unsigned(let number): return Double(number)
        case .string(let text):
            if let number = Double(text) { return number }
        default: break
        }
        throw MeshError(.invalidArgument, "\(path) must be a number")
    }

    /// Numbers of 64 bits may come as text, as many JSON writers round them otherwise.
    private func integer<Number: FixedWidthInteger>(_ value: DynamicValue, _ path: String) throws(MeshError) -> Number {
        let number: Number? =
            switch value {
            case .integer(let number): Number(exactly: number)
            case .unsigned(let number): Number(exactly: number)
            case .number(let number): Number(exactly: number)
            case .string(let text): Number(text)
            default: nil
            }
        guard let number else { throw MeshError(.invalidArgument, "\(path) must be a whole number from \(Number.min) to \(Number.max)") }
        return number
    }
}

extension FieldDescriptor.Kind {
    var wireType: UInt64 {
        switch self {
        case .double, .fixed64, .sfixed64: 1
        case .float, .fixed32, .sfixed32: 5
        case .string, .bytes, .message: 2
        default: 0
        }
    }
}
