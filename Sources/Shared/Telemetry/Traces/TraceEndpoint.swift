import Dispatch
import Glibc

/// A receiver of OTLP over HTTP/1.1: `http://host:port` or `unix:///path`.
public struct TraceEndpoint: Sendable, Hashable {
    package enum Place: Sendable, Hashable {
        case tcp(host: String, port: UInt16)
        case unix(path: String)
    }

    package let place: Place
    /// Of the request.
    package let path: String

    /// - Returns: `nil` for what is no such address. A path in front of `/v1/traces` is kept, that itself may be left out.
    public init?(_ url: String) {
        if url.hasPrefix("unix://") {
            let path = String(url.dropFirst("unix://".count))
            guard path.hasPrefix("/"), path.utf8.count < MemoryLayout.size(ofValue: sockaddr_un().sun_path) else { return nil }
            self.place = .unix(path: path)
            self.path = "/v1/traces"
            return
        }
        guard url.hasPrefix("http://") else { return nil }
        let rest = url.dropFirst("http://".count)
        let authority = rest.prefix { $0 != "/" }
        let colon = authority.lastIndex { $0 == ":" }.flatMap { authority[$0...].contains("]") ? nil : $0 }
        let host = authority[..<(colon ?? authority.endIndex)].filter { $0 != "[" && $0 != "]" }
        guard !host.isEmpty, let port = colon.map({ UInt16(authority[authority.index(after: $0)...]) }) ?? 4318, port > 0 else { return nil }
        self.place = .tcp(host: host, port: port)
        var path = rest.dropFirst(authority.count)
        while path.hasSuffix("/") { path.removeLast() }
        guard path.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else { return nil }
        self.path = path.hasSuffix("/v1/traces") ? String(path) : path + "/v1/traces"
    }
}

/// Posts to an endpoint on a thread that may block: one connection each time.
public struct TracePost: Sendable {
    private let endpoint: TraceEndpoint
    private let timeout: Duration
    private let queue = DispatchQueue(label: "duet.traces")

    /// - Parameter timeout: What connecting and each exchange may take.
    public init(to endpoint: TraceEndpoint, timeout: Duration = .seconds(2)) {
        self.endpoint = endpoint
        self.timeout = timeout
    }

    /// - Returns: Whether the receiver has taken the message.
    public func send(_ body: [UInt8]) async -> Bool {
        await withCheckedContinuation { continuation in
            self.queue.async { continuation.resume(returning: self.post(body)) }
        }
    }

    private func post(_ body: [UInt8]) -> Bool {
        guard let connection = Connection(to: self.endpoint.place, timeout: self.timeout) else { return false }
        let host =
            switch self.endpoint.place {
            case .tcp(let host, let port): host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
            case .unix: "localhost"
            }
        let head =
            "POST \(self.endpoint.path) HTTP/1.1\r\nHost: \(host)\r\nContent-Type: application/x-protobuf\r\n"
            + "Content-Length: \(body.count)\r\nConnection: close\r\n\r\n"
        guard connection.write(Array(head.utf8) + body) else { return false }
        // "HTTP/1.1 200 OK": a status of 2xx, whatever the rest says.
        let answer = connection.read(atLeast: 12)
        return answer.count >= 12 && answer.starts(with: Array("HTTP/1.".utf8)) && answer[9] == UInt8(ascii: "2")
    }
}

/// A connected stream socket whose calls block for a while at most.
private struct Connection: ~Copyable {
    private let descriptor: Int32

    deinit { close(self.descriptor) }

    init?(to place: TraceEndpoint.Place, timeout: Duration) {
        switch place {
        case .unix(let path):
            guard let descriptor = Self.socket(AF_UNIX, timeout) else { return nil }
            var address = sockaddr_un()
            address.sun_family = sa_family_t(AF_UNIX)
            unsafe withUnsafeMutableBytes(of: &address.sun_path) { target in unsafe target.copyBytes(from: path.utf8) }
            let status = unsafe withUnsafePointer(to: &address) { pointer in
                unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    unsafe connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
                }
            }
            guard status == 0 else {
                close(descriptor)
                return nil
            }
            self.descriptor = descriptor
        case .tcp(let host, let port):
            guard let descriptor = Self.connected(host, port, timeout) else { return nil }
            self.descriptor = descriptor
        }
    }

    /// To the first of the host's addresses that answers.
    private static func connected(_ host: String, _ port: UInt16, _ timeout: Duration) -> Int32? {
        var hints = unsafe addrinfo()
        unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        guard unsafe getaddrinfo(host, "\(port)", &hints, &list) == 0 else { return nil }
        defer { unsafe freeaddrinfo(list) }
        var next = unsafe list
        while let entry = unsafe next?.pointee {
            if let descriptor = Self.socket(unsafe entry.ai_family, timeout) {
                if unsafe connect(descriptor, entry.ai_addr, entry.ai_addrlen) == 0 { return descriptor }
                close(descriptor)
            }
            unsafe next = entry.ai_next
        }
        return nil
    }

    private static func socket(_ family: Int32, _ timeout: Duration) -> Int32? {
        let descriptor = Glibc.socket(family, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return nil }
        let (seconds, attoseconds) = timeout.components
        var limit = timeval(tv_sec: Int(seconds), tv_usec: Int(attoseconds / 1_000_000_000_000))
        let size = socklen_t(MemoryLayout<timeval>.size)
        unsafe setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, size)
        unsafe setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, size)
        return descriptor
    }

    borrowing func write(_ bytes: [UInt8]) -> Bool {
        var sent = 0
        while sent < bytes.count {
            let count = unsafe bytes[sent...].withUnsafeBytes { unsafe Glibc.send(self.descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            if count > 0 { sent += count } else if errno != EINTR { return false }
        }
        return true
    }

    /// Fewer bytes at the end, or after an error.
    borrowing func read(atLeast wanted: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while bytes.count < wanted {
            let count = unsafe recv(self.descriptor, &buffer, buffer.count, 0)
            if count > 0 { bytes += buffer.prefix(count) } else if count == 0 || errno != EINTR { return bytes }
        }
        return bytes
    }
}
