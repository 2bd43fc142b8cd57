import Glibc

/// A listening TCP socket that the supervisor owns and its gateways inherit, so that they come and go without a refused connection.
public final class ListenSocket: Sendable {
    /// To be passed on; high, so that it never is one of the numbers that children get it as.
    public let descriptor: Int32
    /// The port, also where 0 was asked for.
    public let port: Int

    /// Takes the address; connections are refused until ``listen()``.
    ///
    /// - Throws: ``SupervisionError`` with one sentence, for instance when the port is taken.
    public init(host: String, port: Int) throws(SupervisionError) {
        let found = try AddressList(host: host, port: port, isPassive: true)
        let socket = try StreamSocket.make(found.family(0), nil)
        var yes: Int32 = 1
        unsafe setsockopt(socket.descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
        guard unsafe found.withAddress(0, { unsafe bind(socket.descriptor, $0, $1) }) == 0 else { throw Self.failure(host, port) }
        var address = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let status = unsafe withUnsafeMutablePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { unsafe getsockname(socket.descriptor, $0, &length) }
        }
        guard status == 0 else { throw .system("\(host):\(port) can't be read back") }
        // The port lies at the same place in an IPv4 and an IPv6 address.
        self.port = unsafe withUnsafeBytes(of: &address) { Int(unsafe $0[2]) << 8 | Int(unsafe $0[3]) }
        let high = fcntl(socket.descriptor, F_DUPFD_CLOEXEC, 64)
        guard high >= 0 else { throw .system("A descriptor can't be copied") }
        self.descriptor = high
    }

    /// Lets clients connect; they wait until a gateway accepts them.
    public func listen() throws(SupervisionError) {
        // Another process may have taken the same address meanwhile: it is the first to listen that has it.
        guard Glibc.listen(self.descriptor, 1024) == 0 else { throw Self.failure("The gateway's address", self.port) }
    }

    private static func failure(_ host: String, _ port: Int) -> SupervisionError {
        let hint = errno == EADDRINUSE ? " Choose another one by --port." : ""
        return SupervisionError(.fileSystem, "\(host):\(port) can't be listened on: \(SupervisionError.words(errno)).\(hint)")
    }

    deinit { close(self.descriptor) }
}
