/// Envelope, metadata and payload in one nng message, packed and unpacked in place.
package enum MessageCoder {
    /// - Throws: ``MeshError`` with `resourceExhausted` for a message over the limit.
    static func encode(
        _ payload: some MeshMessage, envelope: Envelope, metadata: [UInt8] = [], limit: Int
    ) throws(MeshError) -> MessageBuffer {
        let raw = try unsafe payload.withPackedForm { (size, write) throws(MeshError) -> RawMessage in
            let head = Envelope.size + metadata.count
            guard size <= limit - head else {
                throw MeshError(.resourceExhausted, "\(type(of: payload).fullName) takes \(head + size) bytes, the limit is \(limit)")
            }
            var message = try MessageBuffer(count: head + size)
            try unsafe message.withMutableBytes { (bytes) throws(MeshError) in
                unsafe envelope.write(to: bytes)
                for (index, byte) in metadata.enumerated() { unsafe bytes[Envelope.size + index] = byte }
                unsafe write(UnsafeMutableRawBufferPointer(rebasing: bytes[head...]))
            }
            return RawMessage(message)
        }
        return raw.take()
    }

    static func decode<Payload: MeshMessage>(_ message: borrowing MessageBuffer) throws(MeshError) -> Payload {
        try unsafe message.withBytes { (bytes) throws(MeshError) in
            let envelope = try unsafe Envelope(reading: bytes)
            let start = Envelope.size + Int(envelope.metadataCount)
            return try unsafe Payload(unpacking: UnsafeRawBufferPointer(rebasing: bytes[start...]))
        }
    }

    static func metadata(_ message: borrowing MessageBuffer, _ envelope: Envelope) throws(MeshError) -> [String: String] {
        guard envelope.metadataCount > 0 else { return [:] }
        return try unsafe message.withBytes { (bytes) throws(MeshError) in
            let range = Envelope.size..<Envelope.size + Int(envelope.metadataCount)
            return try unsafe Metadata.decode(UnsafeRawBufferPointer(rebasing: bytes[range]))
        }
    }

    // MARK: Failures: the length of the sentence (4 bytes, little-endian), the sentence, the details

    static func encode(_ error: MeshError, limit: Int) throws(MeshError) -> MessageBuffer {
        let sentence = Array(error.message.utf8.prefix(4096))
        let details = error.details.count <= limit - Envelope.size - 4 - sentence.count ? error.details : []
        let head = Envelope.size + 4
        var message = try MessageBuffer(count: head + sentence.count + details.count)
        try unsafe message.withMutableBytes { (bytes) throws(MeshError) in
            unsafe bytes.storeBytes(of: UInt32(sentence.count).littleEndian, toByteOffset: Envelope.size, as: UInt32.self)
            for (index, byte) in (sentence + details).enumerated() { unsafe bytes[head + index] = byte }
        }
        return message
    }

    /// What a reply with a status says; `internal` when it can't be read.
    static func decodeError(_ message: borrowing MessageBuffer, _ envelope: Envelope) -> MeshError {
        do {
            return try unsafe message.withBytes { (bytes) throws(MeshError) in unsafe self.decodeError(bytes, envelope) }
        } catch {
            return error
        }
    }

    /// - Parameter bytes: The message that the envelope was read from.
    package static func decodeError(_ bytes: UnsafeRawBufferPointer, _ envelope: Envelope) -> MeshError {
        let start = Envelope.size + Int(envelope.metadataCount)
        guard bytes.count >= start + 4 else { return MeshError(.internal, "the failure has no sentence") }
        let count = unsafe Int(UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: start, as: UInt32.self)))
        let rest = unsafe bytes[(start + 4)...]
        guard unsafe count <= rest.count else { return MeshError(.internal, "the failure is cut short") }
        return unsafe MeshError(
            MeshError.Code(rawValue: envelope.status), String(decoding: rest.prefix(count), as: UTF8.self),
            details: Array(rest.dropFirst(count)))
    }
}
