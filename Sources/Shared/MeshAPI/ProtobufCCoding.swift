internal import CMeshMessages
internal import Glibc
internal import Mesh

/// A message with a C struct of protobuf-c beside it.
protocol ProtobufCMessage: MeshMessage {
    associatedtype Layout

    /// Copies the values out of the C struct.
    init(layout: UnsafePointer<Layout>) throws(MeshError)
}

/// The only bridge to protobuf-c: generated code calls nothing else of it.
enum ProtobufC {
    typealias Unpack<Layout> = (UnsafeMutablePointer<ProtobufCAllocator>?, Int, UnsafePointer<UInt8>?) -> UnsafeMutablePointer<Layout>?

    /// Unpacks through a bump arena, which goes at once when the values are copied.
    static func unpack<M: ProtobufCMessage>(_ bytes: UnsafeRawBufferPointer, with unpack: Unpack<M.Layout>) throws(MeshError) -> M {
        let arena = UnpackArena(payload: bytes.count)
        // An empty message may come as no memory at all, which protobuf-c doesn't expect.
        var placeholder: UInt8 = 0
        let layout = unsafe withUnsafePointer(to: &placeholder) { placeholder in
            let start = unsafe bytes.baseAddress?.assumingMemoryBound(to: UInt8.self) ?? placeholder
            return unsafe arena.withAllocator { unsafe unpack($0, bytes.count, start) }
        }
        guard let layout = unsafe layout else {
            throw MeshError(.invalidArgument, arena.isExhausted ? "\(M.fullName) unfolds too far" : "not a \(M.fullName)")
        }
        defer { withExtendedLifetime(arena) {} }
        return try unsafe M(layout: layout)
    }

    /// Lends the packed form of a C struct whose pointers are valid.
    static func lend<Layout, R>(
        _ layout: inout Layout,
        _ storage: ProtobufCStorage,
        _ body: (Int, (UnsafeMutableRawBufferPointer) -> Void) throws(MeshError) -> R
    ) throws(MeshError) -> R {
        defer { withExtendedLifetime(storage) {} }
        return try unsafe withUnsafeMutablePointer(to: &layout) { (layout) throws(MeshError) -> R in
            // Each C struct begins with the base of all messages.
            let base = unsafe UnsafeRawPointer(layout).assumingMemoryBound(to: CMeshMessages.ProtobufCMessage.self)
            let size = unsafe protobuf_c_message_get_packed_size(base)
            return try unsafe body(size) { buffer in
                precondition(buffer.count >= size, "The buffer is smaller than the message that is packed into it.")
                guard size > 0, let start = buffer.baseAddress else { return }
                _ = unsafe protobuf_c_message_pack(base, start.assumingMemoryBound(to: UInt8.self))
            }
        }
    }

    // MARK: Reading

    static func numbers<Number: BitwiseCopyable>(_ pointer: UnsafePointer<Number>?, _ count: Int) -> [Number] {
        unsafe Array(UnsafeBufferPointer(start: pointer, count: pointer == nil ? 0 : count))
    }

    static func bools(_ pointer: UnsafePointer<protobuf_c_boolean>?, _ count: Int) -> [Bool] {
        unsafe self.numbers(pointer, count).map { $0 != 0 }
    }

    static func enumerations<Raw: BitwiseCopyable, Value>(
        _ pointer: UnsafePointer<Raw>?, _ count: Int, _ make: (Raw) -> Value
    ) -> [Value] {
        unsafe self.numbers(pointer, count).map(make)
    }

    static func bytes(_ data: ProtobufCBinaryData) -> [UInt8] {
        unsafe self.numbers(data.data, data.len)
    }

    /// - Throws: ``MeshError`` with `invalidArgument` for what isn't UTF-8.
    static func string(_ data: ProtobufCBinaryData, _ field: StaticString) throws(MeshError) -> String {
        guard let start = unsafe data.data, unsafe data.len > 0 else { return "" }
        guard let string = unsafe String(validating: UnsafeBufferPointer(start: start, count: data.len), as: UTF8.self) else {
            throw MeshError(.invalidArgument, "\(field) isn't UTF-8")
        }
        return string
    }

    static func strings(
        _ pointer: UnsafePointer<ProtobufCBinaryData>?, _ count: Int, _ field: StaticString
    ) throws(MeshError) -> [String] {
        guard let pointer = unsafe pointer else { return [] }
        var strings: [String] = []
        strings.reserveCapacity(count)
        for index in 0..<count { strings.append(try unsafe self.string(pointer[index], field)) }
        return strings
    }

    static func byteArrays(_ pointer: UnsafePointer<ProtobufCBinaryData>?, _ count: Int) -> [[UInt8]] {
        guard let pointer = unsafe pointer else { return [] }
        return (0..<count).map { unsafe self.bytes(pointer[$0]) }
    }

    static func message<M: ProtobufCMessage>(_ layout: UnsafePointer<M.Layout>?, as type: M.Type) throws(MeshError) -> M? {
        guard let layout = unsafe layout else { return nil }
        return try unsafe M(layout: layout)
    }

    static func messages<M: ProtobufCMessage>(
        _ layouts: UnsafePointer<UnsafeMutablePointer<M.Layout>?>?, _ count: Int, as type: M.Type
    ) throws(MeshError) -> [M] {
        guard let layouts = unsafe layouts else { return [] }
        var messages: [M] = []
        messages.reserveCapacity(count)
        for index in 0..<count {
            guard let layout = unsafe layouts[index] else { throw MeshError(.internal, "a repeated \(M.fullName) has a hole") }
            messages.append(try unsafe M(layout: layout))
        }
        return messages
    }
}
