internal import CNng

/// An nng message: freed exactly once, or given to nng exactly once.
@safe struct MessageBuffer: ~Copyable, @unchecked Sendable {
    // Sendable, because whoever holds the value is the only one who can reach the message.
    private let handle: OpaquePointer

    @unsafe init(owning handle: OpaquePointer) {
        unsafe self.handle = handle
    }

    /// A message of so many bytes, not yet written.
    init(count: Int) throws(MeshError) {
        var allocated: OpaquePointer?
        guard unsafe nng_msg_alloc(&allocated, count) == 0, let handle = unsafe allocated else {
            throw MeshError(.resourceExhausted, "no memory for a message of \(count) bytes")
        }
        unsafe self.handle = handle
    }

    deinit {
        unsafe nng_msg_free(self.handle)
    }

    var count: Int { unsafe nng_msg_len(self.handle) }

    /// nng's number of the connection that the message came over.
    var connection: UInt32 { unsafe nng_msg_get_pipe(self.handle).id }

    func withBytes<R>(_ body: (UnsafeRawBufferPointer) throws(MeshError) -> R) throws(MeshError) -> R {
        try unsafe body(UnsafeRawBufferPointer(start: nng_msg_body(self.handle), count: self.count))
    }

    mutating func withMutableBytes<R>(_ body: (UnsafeMutableRawBufferPointer) throws(MeshError) -> R) throws(MeshError) -> R {
        try unsafe body(UnsafeMutableRawBufferPointer(start: nng_msg_body(self.handle), count: self.count))
    }

    /// Hands the message to nng, or to whoever frees it.
    @unsafe consuming func release() -> OpaquePointer {
        let handle = unsafe self.handle
        discard self
        return unsafe handle
    }
}
