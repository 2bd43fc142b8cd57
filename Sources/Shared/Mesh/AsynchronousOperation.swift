internal import CNng
internal import Glibc

/// nng's `aio`: one send or receive at a time, with a callback on nng's threads when it is over.
///
/// Never freed: nng 1.5 deadlocks when that happens on one of its own threads, and the slots that hold one are used for ever.
@safe struct AsynchronousOperation: @unchecked Sendable {
    // Sendable, because nng's functions on an aio lock it; who may start an operation is the slot's state.
    private let handle: OpaquePointer

    enum Outcome {
        case success
        case closed
        case connectionLost
        case aborted
        case failure(String)
    }

    private final class Callback: @unchecked Sendable {
        // Sendable, because it is written once, before the first operation starts.
        var run: @Sendable () -> Void = {}
    }

    private let callback: Callback

    init() throws(MeshError) {
        var allocated: OpaquePointer?
        self.callback = Callback()
        let context = unsafe Unmanaged.passRetained(self.callback).toOpaque()
        let status = unsafe nng_aio_alloc(
            &allocated,
            { context in
                guard let context = unsafe context else { return }
                let callback = unsafe Unmanaged<Callback>.fromOpaque(context).takeUnretainedValue()
                InlineExecutor.duringCallback { callback.run() }
            }, context)
        guard status == 0, let handle = unsafe allocated else {
            unsafe Unmanaged<Callback>.fromOpaque(context).release()
            throw Socket.error(status, "no operation")
        }
        unsafe self.handle = handle
        // Deadlines are ours: nng's timers run on the wall clock.
        unsafe nng_aio_set_timeout(handle, NNG_DURATION_INFINITE)
    }

    /// An operation that is over without a callback, for replies and for what can be sent at once: nng wakes none of its threads for that.
    ///
    /// Whether one is over, ``isOver`` tells.
    static func silent() throws(MeshError) -> AsynchronousOperation {
        var allocated: OpaquePointer?
        let status = unsafe nng_aio_alloc(&allocated, nil, nil)
        guard status == 0, let handle = unsafe allocated else { throw Socket.error(status, "no operation") }
        return unsafe AsynchronousOperation(handle: handle)
    }

    private init(handle: OpaquePointer) {
        unsafe self.handle = handle
        self.callback = Callback()
        unsafe nng_aio_set_timeout(handle, NNG_DURATION_INFINITE)
    }

    /// Hands a message to a connection that can take it at once. For a silent operation that is over.
    ///
    /// - Returns: `nil` when that was done, else the message.
    func sendAtOnce(_ message: consuming MessageBuffer, over context: Socket.Context) -> MessageBuffer? {
        // Of the zero nng makes no timer: what would have to wait fails at once.
        unsafe nng_aio_set_timeout(self.handle, NNG_DURATION_ZERO)
        self.send(message, over: context)
        unsafe nng_aio_wait(self.handle)
        return unsafe nng_aio_result(self.handle) == 0 ? nil : self.takeMessage()
    }

    /// Whether a silent operation may be used again: never started, or its reply sent or dropped.
    ///
    /// While a reply waits behind others for its connection, which a caller that doesn't read makes wait for long, nng keeps the
    /// message in the operation; when it takes the message out, the operation is over an instant later.
    var isOver: Bool {
        if unsafe nng_aio_get_msg(self.handle) != nil {
            guard unsafe nng_aio_result(self.handle) != 0 else { return false }
            // The socket was closed: the message has come back.
            _ = self.takeMessage()
        }
        unsafe nng_aio_wait(self.handle)
        return true
    }

    /// Sets what runs on one of nng's threads when an operation is over: it must not block, abort or close.
    ///
    /// Called once, before the first operation. What the function holds is held for ever.
    func whenEnded(_ run: @escaping @Sendable () -> Void) {
        self.callback.run = run
    }

    func send(_ message: consuming MessageBuffer, over context: Socket.Context) {
        unsafe nng_aio_set_msg(self.handle, message.release())
        unsafe nng_ctx_send(context.handle, self.handle)
    }

    func receive(over context: Socket.Context) {
        unsafe nng_ctx_recv(context.handle, self.handle)
    }

    /// Ends the operation that is under way, if one is. Never on nng's threads.
    func abort() {
        unsafe nng_aio_abort(self.handle, Int32(NNG_ECANCELED.rawValue))
    }

    var outcome: Outcome {
        let status = unsafe nng_aio_result(self.handle)
        switch nng_errno_enum(rawValue: UInt32(bitPattern: status)) {
        case nng_errno_enum(rawValue: 0): return .success
        case NNG_ECLOSED: return .closed
        case NNG_ECONNRESET, NNG_ECONNSHUT, NNG_ECONNREFUSED: return .connectionLost
        case NNG_ECANCELED: return .aborted
        default: return .failure(unsafe String(cString: nng_strerror(status)))
        }
    }

    /// The received message; or after a failed send the one that nng hands back.
    func takeMessage() -> MessageBuffer? {
        guard let message = unsafe nng_aio_get_msg(self.handle) else { return nil }
        unsafe nng_aio_set_msg(self.handle, nil)
        return unsafe MessageBuffer(owning: message)
    }
}
