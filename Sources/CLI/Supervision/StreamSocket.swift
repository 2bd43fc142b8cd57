import Glibc

/// Where a stream socket leads.
public enum SocketAddress: Sendable, Hashable {
    case unix(path: String)
    case tcp(host: String, port: Int)

    /// Longest path that fits a Unix socket's address.
    public static let maximumPathBytes = 107
}

/// A blocking stream socket, closed with its owner. Calls belong on threads that may block.
struct StreamSocket: ~Copyable, Sendable {
    let descriptor: Int32

    init(owning descriptor: Int32) { self.descriptor = descriptor }

    deinit { close(self.descriptor) }

    /// Connects; reads and writes then take at most `timeout` each.
    static func connected(to address: SocketAddress, timeout: Duration) throws(SupervisionError) -> StreamSocket {
        switch address {
        case .unix(let path):
            let socket = try Self.make(AF_UNIX, timeout)
            let status = try unsafe Self.withUnixAddress(path) { unsafe connect(socket.descriptor, $0, $1) }
            guard status == 0 else { throw .system("\(path) does not answer", code: .notRunning) }
            return socket
        case .tcp(let host, let port):
            let found = try AddressList(host: host, port: port, isPassive: false)
            var lastError: Int32 = ECONNREFUSED
            for index in 0..<found.count {
                let socket = try Self.make(found.family(index), timeout)
                if unsafe found.withAddress(index, { unsafe connect(socket.descriptor, $0, $1) }) == 0 { return socket }
                lastError = errno
            }
            throw .system("\(host):\(port) does not answer", code: .notRunning, error: lastError)
        }
    }

    /// A listening Unix socket that only this user can reach. A file that was left at the path is replaced.
    static func listening(at path: String) throws(SupervisionError) -> StreamSocket {
        let socket = try Self.make(AF_UNIX, nil)
        FileSystem.remove(path)
        let status = try unsafe Self.withUnixAddress(path) { unsafe bind(socket.descriptor, $0, $1) }
        guard status == 0, FileSystem.setMode(path, 0o600), listen(socket.descriptor, 16) == 0 else {
            throw .system("\(path) can't be listened on")
        }
        return socket
    }

    /// Waits for the next connection; `nil` when the socket was shut down.
    func accept() -> StreamSocket? {
        while true {
            let connection = Glibc.accept(self.descriptor, nil, nil)
            if connection >= 0 {
                _ = fcntl(connection, F_SETFD, FD_CLOEXEC)
                return StreamSocket(owning: connection)
            }
            if errno != EINTR && errno != ECONNABORTED { return nil }
        }
    }

    func write(_ bytes: [UInt8]) -> Bool {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = unsafe rest.withUnsafeBytes { unsafe send(self.descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            if count > 0 { rest = rest.dropFirst(count) } else if errno != EINTR { return false }
        }
        return true
    }

    /// The next bytes; empty at the end, `nil` after an error or a timeout.
    func read() -> [UInt8]? {
        var buffer = [UInt8](repeating: 0, count: 16_384)
        while true {
            let count = unsafe recv(self.descriptor, &buffer, buffer.count, 0)
            if count >= 0 { return Array(buffer.prefix(count)) }
            if errno != EINTR { return nil }
        }
    }

    /// Bytes up to a line feed, without it; `nil` if the peer closed before one, or sent more than `limit`.
    func readLine(limit: Int = 1 << 20) -> [UInt8]? {
        var line: [UInt8] = []
        while line.count < limit, let bytes = self.read(), !bytes.isEmpty {
            if let end = bytes.firstIndex(of: UInt8(ascii: "\n")) { return line + bytes[..<end] }
            line += bytes
        }
        return nil
    }

    static func make(_ family: Int32, _ timeout: Duration?) throws(SupervisionError) -> StreamSocket {
        let descriptor = Glibc.socket(family, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw .system("A socket can't be made") }
        let result = StreamSocket(owning: descriptor)
        if let timeout {
            let (seconds, attoseconds) = timeout.components
            var value = timeval(tv_sec: Int(seconds), tv_usec: Int(attoseconds / 1_000_000_000_000))
            let size = socklen_t(MemoryLayout<timeval>.size)
            unsafe setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &value, size)
            unsafe setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &value, size)
        }
        return result
    }

    @unsafe static func withUnixAddress(
        _ path: String, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32
    ) throws(SupervisionError) -> Int32 {
        guard path.utf8.count <= SocketAddress.maximumPathBytes else {
            throw SupervisionError(.fileSystem, "\(path) is longer than \(SocketAddress.maximumPathBytes) bytes: too long for a socket.")
        }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { target in unsafe target.copyBytes(from: path.utf8) }
        return unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe body($0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
    }
}
