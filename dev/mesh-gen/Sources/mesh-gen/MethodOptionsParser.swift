internal import CDescriptor

/// Reads the extension `duet.mesh.v1.method`, which the plain descriptor keeps as an unknown field.
enum MethodOptionsParser {
    static let extensionNumber: UInt32 = 50317

    static func options(of method: UnsafeMutablePointer<Google__Protobuf__MethodDescriptorProto>) throws -> Schema.Options {
        var options = Schema.Options()
        guard let message = unsafe method.pointee.options else { return options }
        for index in unsafe 0..<Int(message.pointee.base.n_unknown_fields) {
            let field = unsafe message.pointee.base.unknown_fields[index]
            guard unsafe field.tag == self.extensionNumber else { continue }
            var reader = unsafe WireReader(Array(UnsafeBufferPointer(start: field.data, count: field.len)))
            // protobuf-c keeps the length in front of the bytes.
            var body = WireReader(try reader.bytes())
            while !body.isAtEnd { try self.parseField(&body, into: &options) }
        }
        return options
    }

    private static func parseField(_ reader: inout WireReader, into options: inout Schema.Options) throws {
        let key = try reader.varint()
        switch key {
        case 1 << 3: options.idempotent = try reader.varint() != 0
        case 2 << 3: options.hedge = try reader.varint() != 0
        case 3 << 3: options.timeoutMilliseconds = UInt32(truncatingIfNeeded: try reader.varint())
        case 4 << 3 | 2: options.shardKey = String(decoding: try reader.bytes(), as: UTF8.self)
        case 5 << 3: options.heavy = try reader.varint() != 0
        default: throw GeneratorError("duet.mesh.v1.MethodOptions has field \(key >> 3), which this generator doesn't know")
        }
    }
}

/// Varints and length-prefixed bytes of the protobuf wire format.
private struct WireReader {
    private var rest: ArraySlice<UInt8>

    init(_ bytes: [UInt8]) {
        self.rest = bytes[...]
    }

    var isAtEnd: Bool { self.rest.isEmpty }

    mutating func varint() throws -> UInt64 {
        var value: UInt64 = 0
        for shift in stride(from: UInt64(0), to: 64, by: 7) {
            guard let byte = self.rest.popFirst() else { throw GeneratorError("a method option is cut short") }
            value |= UInt64(byte & 0x7F) << shift
            if byte & 0x80 == 0 { return value }
        }
        throw GeneratorError("a method option holds a number of more than 64 bits")
    }

    mutating func bytes() throws -> [UInt8] {
        let count = try self.varint()
        guard count <= self.rest.count else { throw GeneratorError("a method option is cut short") }
        defer { self.rest = self.rest.dropFirst(Int(count)) }
        return Array(self.rest.prefix(Int(count)))
    }
}
