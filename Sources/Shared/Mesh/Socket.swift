internal import CNng
internal import Glibc
internal import Synchronization

/// A REQ or REP socket of nng.
///
/// nng starts its threads with the first socket of the process, and a child forked afterwards can't use it: start children with
/// `posix_spawn`. Sockets are opened and closed from ``SerialThread/control`` only, as nng 1.5 can't do both at a time.
final class Socket: Sendable {
    enum Role { case request, reply }

    enum PipeEvent { case added, removed }

    private final class PipeObserver: Sendable {
        let userID: UInt32?
        let logsRejection: @Sendable (UInt32) -> Void
        let handle: @Sendable (PipeEvent) -> Void
        let known = Mutex<Set<UInt32>>([])

        init(userID: UInt32?, logsRejection: @escaping @Sendable (UInt32) -> Void, handle: @escaping @Sendable (PipeEvent) -> Void) {
            self.userID = userID
            self.logsRejection = logsRejection
            self.handle = handle
        }
    }

    private let id: UInt32
    private let security: TransportSecurity?
    /// nng calls it until the socket is closed, and a callback may still be on its way then: it is never freed.
    private let observer: PipeObserver

    private var handle: nng_socket { nng_socket(id: self.id) }

    /// - Parameters:
    ///   - maximumMessage: Bytes that a message may have, envelope included.
    ///   - security: For `tls+tcp` addresses.
    ///   - onPipe: Called on nng's threads when a connection is up or gone; must not call nng or block.
    init(
        _ role: Role,
        maximumMessage: Int,
        security: TransportSecurity? = nil,
        onRejection: @escaping @Sendable (UInt32) -> Void = { _ in },
        onPipe: @escaping @Sendable (PipeEvent) -> Void
    ) throws(MeshError) {
        var handle = nng_socket()
        let status = unsafe role == .request ? nng_req0_open(&handle) : nng_rep0_open(&handle)
        guard status == 0 else { throw Socket.error(status, "no socket") }
        self.id = handle.id
        self.security = security
        self.observer = PipeObserver(userID: getuid(), logsRejection: onRejection, handle: onPipe)
        // Room for nng's own header; the exact limit is checked by us, with a better message than a closed connection.
        unsafe nng_socket_set_size(handle, NNG_OPT_RECVMAXSZ, maximumMessage + 4096)
        if role == .request {
            // Never resend behind our back: a dead peer is an error at once, and the retry is ours to decide.
            unsafe nng_socket_set_ms(handle, NNG_OPT_REQ_RESENDTIME, -1)
            unsafe nng_socket_set_ms(handle, NNG_OPT_RECONNMINT, 20)
            unsafe nng_socket_set_ms(handle, NNG_OPT_RECONNMAXT, 500)
        }
        let observer = unsafe Unmanaged.passRetained(self.observer).toOpaque()
        for event in [NNG_PIPE_EV_ADD_PRE, NNG_PIPE_EV_ADD_POST, NNG_PIPE_EV_REM_POST] {
            unsafe nng_pipe_notify(handle, event, { unsafe Socket.pipeChanged($0, $1, $2) }, observer)
        }
    }

    /// Runs on nng's threads.
    private static func pipeChanged(_ pipe: nng_pipe, _ event: nng_pipe_ev, _ context: UnsafeMutableRawPointer?) {
        guard let context = unsafe context else { return }
        let observer = unsafe Unmanaged<PipeObserver>.fromOpaque(context).takeUnretainedValue()
        switch event {
        case NNG_PIPE_EV_ADD_PRE:
            var peer: UInt64 = 0
            // inproc has no peer but ourselves, and says so by an error.
            if unsafe nng_pipe_get_uint64(pipe, NNG_OPT_IPC_PEER_UID, &peer) == 0, UInt32(truncatingIfNeeded: peer) != observer.userID {
                observer.logsRejection(UInt32(truncatingIfNeeded: peer))
                nng_pipe_close(pipe)
            }
        case NNG_PIPE_EV_ADD_POST:
            observer.known.withLock { _ = $0.insert(pipe.id) }
            observer.handle(.added)
        case NNG_PIPE_EV_REM_POST:
            // A rejected pipe is removed without ever having been added.
            if observer.known.withLock({ $0.remove(pipe.id) != nil }) { observer.handle(.removed) }
        default: break
        }
    }

    /// Connects in the background, and again whenever the connection is lost.
    ///
    /// - Throws: ``MeshError`` for an address that isn't one, or certificates that can't be used.
    func dial(_ address: String) throws(MeshError) -> Dialer {
        var dialer = nng_dialer()
        var status = unsafe nng_dialer_create(&dialer, self.handle, address)
        guard status == 0 else { throw Socket.error(status, "can't dial \(address)") }
        do throws(MeshError) {
            try unsafe self.secure(address, .client(host: String(Address(address).hostAndPort?.host ?? ""))) { configuration in
                unsafe nng_dialer_set_ptr(dialer, NNG_OPT_TLS_CONFIG, UnsafeMutableRawPointer(configuration))
            }
            status = nng_dialer_start(dialer, Int32(NNG_FLAG_NONBLOCK))
            guard status == 0 else { throw Socket.error(status, "can't dial \(address)") }
        } catch {
            nng_dialer_close(dialer)
            throw error
        }
        return Dialer(id: dialer.id)
    }

    /// - Returns: The address, with the port that the system chose for port 0.
    @discardableResult
    func listen(_ address: String) throws(MeshError) -> String {
        var listener = nng_listener()
        var status = unsafe nng_listener_create(&listener, self.handle, address)
        guard status == 0 else { throw Socket.error(status, "can't listen at \(address)") }
        do throws(MeshError) {
            try unsafe self.secure(address, .server) { configuration in
                unsafe nng_listener_set_ptr(listener, NNG_OPT_TLS_CONFIG, UnsafeMutableRawPointer(configuration))
            }
            status = nng_listener_start(listener, 0)
            guard status == 0 else { throw Socket.error(status, "can't listen at \(address)") }
        } catch {
            nng_listener_close(listener)
            throw error
        }
        return Self.boundAddress(listener, address)
    }

    private func secure(
        _ address: String, _ side: TransportSecurity.Side, _ set: (OpaquePointer) -> Int32
    ) throws(MeshError) {
        guard Address(address).isSecured else { return }
        guard let security = self.security else { throw MeshError(.failedPrecondition, "\(address) needs certificates") }
        try unsafe security.withConfiguration(side, set)
    }

    private static func boundAddress(_ listener: nng_listener, _ address: String) -> String {
        guard let (host, port) = Address(address).hostAndPort, port == "0" else { return address }
        var bound: Int32 = 0
        guard unsafe nng_listener_get_int(listener, NNG_OPT_TCP_BOUND_PORT, &bound) == 0 else { return address }
        return "\(Address(address).scheme)://\(host.contains(":") ? "[\(host)]" : host):\(bound)"
    }

    /// Closes it: before this returns if all goes well, in the background if it takes long.
    func close() {
        SocketCloser.shared.close { [id] in nng_close(nng_socket(id: id)) }
    }

    func context() throws(MeshError) -> Context {
        var context = nng_ctx()
        let status = unsafe nng_ctx_open(&context, self.handle)
        guard status == 0 else { throw Socket.error(status, "no context") }
        return Context(id: context.id)
    }

    /// An ongoing effort to be connected.
    struct Dialer: Sendable {
        fileprivate let id: UInt32
        func close() { nng_dialer_close(nng_dialer(id: self.id)) }
    }

    /// One exchange at a time over a socket.
    struct Context: Sendable {
        fileprivate let id: UInt32
        var handle: nng_ctx { nng_ctx(id: self.id) }
    }

    static func error(_ status: Int32, _ what: String) -> MeshError {
        MeshError(.unavailable, unsafe "\(what): \(String(cString: nng_strerror(status)))")
    }
}
