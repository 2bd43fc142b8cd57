import Glibc
import Synchronization

/// Takes what is posted to a Unix socket, one connection after the other, as a receiver of traces does.
public final class HTTPReceiver: Sendable {
    private let listener: Int32
    /// Of the socket.
    public let path: String
    private let received = Mutex<[[UInt8]]>([])
    private let answer: String?

    /// - Parameter status: What each request is answered with; `nil`: nothing ever.
    public init(status: Int? = 200) throws {
        self.path = try TemporaryFolder.make("receiver") + "/socket"
        self.answer = status.map { "HTTP/1.1 \($0) Whatever\r\nContent-Length: 0\r\nConnection: close\r\n\r\n" }
        self.listener = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { target in unsafe target.copyBytes(from: self.path.utf8) }
        let status = unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe bind(self.listener, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard status == 0, listen(self.listener, 64) == 0 else { throw TestKitError("\(self.path) can't be listened on") }
    }

    deinit { close(self.listener) }

    /// As a setting names it.
    public var url: String { "unix://\(self.path)" }

    /// Bodies, in the order in which they came.
    public var bodies: [[UInt8]] { self.received.withLock { $0 } }

    /// Takes one request, or gives up after `milliseconds`. Blocks.
    ///
    /// - Returns: Whether one came.
    @discardableResult
    public func takeOne(within milliseconds: Int32 = 10_000) -> Bool {
        var wanted = pollfd(fd: self.listener, events: Int16(POLLIN), revents: 0)
        guard unsafe poll(&wanted, 1, milliseconds) == 1 else { return false }
        let connection = accept(self.listener, nil, nil)
        guard connection >= 0 else { return false }
        defer { close(connection) }
        guard let body = Self.body(from: connection) else { return false }
        self.received.withLock { $0.append(body) }
        if let answer { _ = unsafe answer.utf8CString.withUnsafeBytes { unsafe write(connection, $0.baseAddress, $0.count - 1) } }
        return true
    }

    private static func body(from connection: Int32) -> [UInt8]? {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            if let end = bytes.firstRange(of: Array("\r\n\r\n".utf8)), let length = Self.length(in: bytes[..<end.lowerBound]),
                bytes.count >= end.upperBound + length
            {
                return Array(bytes[end.upperBound...])
            }
            let count = unsafe recv(connection, &buffer, buffer.count, 0)
            guard count > 0 else { return nil }
            bytes += buffer.prefix(count)
        }
    }

    private static func length(in head: ArraySlice<UInt8>) -> Int? {
        let lines = String(decoding: head, as: UTF8.self).split(separator: "\r\n").map { $0.lowercased() }
        guard lines.first?.hasPrefix("post /v1/traces http/1.1") == true, lines.contains("content-type: application/x-protobuf") else { return nil }
        return lines.first { $0.hasPrefix("content-length: ") }.flatMap { Int($0.dropFirst("content-length: ".count)) }
    }
}
