internal import CHiredis
internal import Glibc

/// A `redisContext` in non-blocking mode: freed exactly once. Used on its event loop only.
@safe final class ContextHandle {
    private let pointer: UnsafeMutablePointer<redisContext>

    init(address: RedisConfiguration.Address) throws(RedisError) {
        let context =
            switch address {
            case .tcp(let host, let port): unsafe redisConnectNonBlock(host, Int32(port))
            case .unix(let path): unsafe redisConnectUnixNonBlock(path)
            }
        guard let context = unsafe context else { throw RedisError(.unavailable, "out of memory") }
        unsafe self.pointer = context
        guard unsafe context.pointee.err == 0 else { throw self.error() }
        // hiredis leaves it open across exec: a child process would keep the connection alive after we close it.
        _ = fcntl(self.descriptor, F_SETFD, FD_CLOEXEC)
        // Or the reader reallocates a big buffer between any two replies.
        unsafe context.pointee.reader.pointee.maxbuf = 0
    }

    deinit { unsafe redisFree(self.pointer) }

    var descriptor: Int32 { unsafe self.pointer.pointee.fd }

    func append(_ bytes: [UInt8]) throws(RedisError) {
        let status = unsafe bytes.withUnsafeBytes { buffer in
            unsafe redisAppendFormattedCommand(self.pointer, buffer.baseAddress?.assumingMemoryBound(to: CChar.self), buffer.count)
        }
        guard status == REDIS_OK else { throw self.error() }
    }

    /// - Returns: Whether nothing is left to write.
    func write() throws(RedisError) -> Bool {
        var isDone: Int32 = 0
        guard unsafe redisBufferWrite(self.pointer, &isDone) == REDIS_OK else { throw self.error() }
        return isDone != 0
    }

    /// Feeds the parser with what the socket has.
    func read(into buffer: inout [UInt8]) throws(RedisError) {
        let count = unsafe recv(self.descriptor, &buffer, buffer.count, 0)
        guard count != 0 else { throw RedisError(.unavailable, "the server closed the connection") }
        guard count > 0 else {
            if errno == EAGAIN || errno == EINTR { return }
            throw RedisError(.unavailable, unsafe String(cString: strerror(errno)))
        }
        let status = unsafe buffer.withUnsafeBytes { bytes in
            unsafe redisReaderFeed(self.pointer.pointee.reader, bytes.baseAddress?.assumingMemoryBound(to: CChar.self), count)
        }
        guard status == REDIS_OK else { throw RedisError(.malformed, "the reply can't be stored") }
    }

    func nextReply() throws(RedisError) -> RESPValue? {
        var reply: UnsafeMutableRawPointer?
        guard unsafe redisReaderGetReply(self.pointer.pointee.reader, &reply) == REDIS_OK else {
            throw RedisError(.malformed, "the server does not speak RESP")
        }
        guard let reply = unsafe reply else { return nil }
        defer { unsafe freeReplyObject(reply) }
        return unsafe Self.value(reply.assumingMemoryBound(to: redisReply.self))
    }

    func checkConnected() throws(RedisError) {
        var error: Int32 = 0
        var size = socklen_t(MemoryLayout<Int32>.size)
        guard unsafe getsockopt(self.descriptor, SOL_SOCKET, SO_ERROR, &error, &size) == 0, error == 0 else {
            throw RedisError(.unavailable, unsafe String(cString: strerror(error)))
        }
    }

    private static func value(_ reply: UnsafeMutablePointer<redisReply>) -> RESPValue {
        let length = unsafe reply.pointee.len
        switch unsafe reply.pointee.type {
        case REDIS_REPLY_STRING, REDIS_REPLY_STATUS:
            return unsafe .bytes(Array(UnsafeRawBufferPointer(start: reply.pointee.str, count: length)))
        case REDIS_REPLY_INTEGER: return unsafe .integer(reply.pointee.integer)
        case REDIS_REPLY_ERROR:
            return unsafe .error(String(decoding: UnsafeRawBufferPointer(start: reply.pointee.str, count: length), as: UTF8.self))
        case REDIS_REPLY_ARRAY:
            var values: [RESPValue] = []
            let count = unsafe reply.pointee.elements
            values.reserveCapacity(count)
            for index in 0..<count {
                values.append(unsafe reply.pointee.element[index].map { unsafe Self.value($0) } ?? .null)
            }
            return .array(values)
        default: return .null
        }
    }

    private func error() -> RedisError {
        let message = unsafe withUnsafeBytes(of: self.pointer.pointee.errstr) { bytes in
            unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
        return RedisError(.unavailable, message)
    }
}
