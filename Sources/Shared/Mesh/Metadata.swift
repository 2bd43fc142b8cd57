/// Notes on a call as tag, length, value: key length (1 byte), key, value length (2 bytes, little-endian), value.
package enum Metadata {
    /// - Throws: ``MeshError`` with `invalidArgument` when a key, a value or the whole is too long to be sent.
    package static func encode(_ metadata: [String: String]) throws(MeshError) -> [UInt8] {
        guard !metadata.isEmpty else { return [] }
        var bytes: [UInt8] = []
        for (key, value) in metadata.count > 1 ? metadata.sorted(by: { $0.key < $1.key }) : Array(metadata) {
            guard let keyCount = UInt8(exactly: key.utf8.count), let valueCount = UInt16(exactly: value.utf8.count) else {
                throw MeshError(.invalidArgument, "metadata \"\(key.prefix(40))\" is too long")
            }
            bytes.append(keyCount)
            bytes.append(contentsOf: key.utf8)
            bytes.append(UInt8(truncatingIfNeeded: valueCount))
            bytes.append(UInt8(truncatingIfNeeded: valueCount >> 8))
            bytes.append(contentsOf: value.utf8)
        }
        guard bytes.count <= UInt16.max else { throw MeshError(.invalidArgument, "\(bytes.count) bytes of metadata are over 65535") }
        return bytes
    }

    /// - Throws: ``MeshError`` with `invalidArgument` for lengths that don't add up or text that isn't UTF-8.
    package static func decode(_ bytes: UnsafeRawBufferPointer) throws(MeshError) -> [String: String] {
        guard bytes.count > 0 else { return [:] }
        var metadata: [String: String] = [:]
        var position = 0
        func take(_ count: Int) throws(MeshError) -> UnsafeRawBufferPointer {
            guard count <= bytes.count - position else { throw MeshError(.invalidArgument, "the metadata is cut short") }
            defer { position += count }
            return unsafe UnsafeRawBufferPointer(rebasing: bytes[position..<position + count])
        }
        func text(_ count: Int) throws(MeshError) -> String {
            guard let text = unsafe String(validating: try take(count), as: UTF8.self) else {
                throw MeshError(.invalidArgument, "the metadata isn't UTF-8")
            }
            return text
        }
        while position < bytes.count {
            let key = try text(unsafe Int(try take(1)[0]))
            let length = unsafe try take(2)
            metadata[key] = try text(unsafe Int(length[0]) | Int(length[1]) << 8)
        }
        return metadata
    }
}
