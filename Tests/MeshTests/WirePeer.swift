import Glibc
import Testing

/// The other end of an nng connection, byte by byte over a Unix socket: what no well-behaved peer would send can be sent.
///
/// SP over IPC: both sides begin with `00 'S' 'P' 00`, the protocol (2 bytes, big-endian) and two zeros; each message is `01`, its
/// length (8 bytes, big-endian) and its bytes. A request begins with an identifier whose highest bit is set; so does its reply.
struct WirePeer: ~Copyable {
    static let request: UInt16 = 0x30
    static let reply: UInt16 = 0x31

    private let descriptor: Int32

    /// Connects to a listener.
    init(connectingTo path: String) throws {
        self.descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        let status = unsafe Self.withAddress(path) { unsafe connect(self.descriptor, $0, $1) }
        try #require(status == 0)
    }

    init(accepting listener: Int32) throws {
        self.descriptor = accept(listener, nil, nil)
        try #require(self.descriptor >= 0)
    }

    deinit { close(self.descriptor) }

    /// A listening socket; whoever calls closes it.
    static func listener(at path: String) throws -> Int32 {
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        let status = unsafe self.withAddress(path) { unsafe bind(descriptor, $0, $1) }
        try #require(status == 0)
        try #require(listen(descriptor, 16) == 0)
        return descriptor
    }

    private static func withAddress<R>(_ path: String, _ body: (UnsafePointer<sockaddr>, socklen_t) -> R) -> R {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: path.utf8.prefix($0.count - 1)) }
        return unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe body($0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
    }

    func handshake(as role: UInt16) throws {
        self.write([0, 0x53, 0x50, 0, UInt8(role >> 8), UInt8(role & 0xFF), 0, 0])
        try #require(self.read(8)?.prefix(4) == [0, 0x53, 0x50, 0])
    }

    func write(_ bytes: [UInt8]) {
        _ = unsafe bytes.withUnsafeBytes { unsafe send(self.descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
    }

    func writeMessage(_ bytes: [UInt8]) {
        self.write([1] + (0..<8).reversed().map { UInt8(truncatingIfNeeded: bytes.count >> ($0 * 8)) } + bytes)
    }

    /// - Returns: `nil` when the connection ends before.
    func read(_ count: Int) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: count)
        var filled = 0
        while filled < count {
            let read = unsafe bytes.withUnsafeMutableBytes { unsafe recv(self.descriptor, $0.baseAddress! + filled, count - filled, 0) }
            if read <= 0 { return nil }
            filled += read
        }
        return bytes
    }

    /// - Returns: `nil` when the connection ends before.
    func readMessage() -> [UInt8]? {
        guard let head = self.read(9) else { return nil }
        return self.read(head.dropFirst().reduce(0) { $0 << 8 | Int($1) })
    }
}
