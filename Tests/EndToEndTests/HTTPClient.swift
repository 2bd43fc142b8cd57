import Foundation
import Glibc

/// One answer, whole.
struct HTTPAnswer: Sendable {
    var status: Int
    var headers: [String: String]
    var body: Data

    var json: Any? { try? JSONSerialization.jsonObject(with: self.body, options: [.fragmentsAllowed]) }
    var object: [String: Any] { self.json as? [String: Any] ?? [:] }
    var array: [[String: Any]] { self.json as? [[String: Any]] ?? [] }
}

/// Why no answer came.
enum HTTPFailure: Error { case connect(Int32), closed, malformed, timeout }

/// A blocking HTTP/1.1 client on one kept-alive connection: it counts failures exactly as they happen, and retries nothing.
final class HTTPClient {
    private let port: UInt16
    private var descriptor: Int32 = -1
    private var buffer: [UInt8] = []
    var token: String?

    init(port: UInt16, token: String? = nil) {
        self.port = port
        self.token = token
    }

    deinit { self.disconnect() }

    func disconnect() {
        if self.descriptor >= 0 { close(self.descriptor) }
        self.descriptor = -1
        self.buffer = []
    }

    /// Sends one request and reads its answer within `timeout` seconds; opens a connection when there is none.
    /// A kept-alive connection that the server closed between two requests is reopened; an answer that breaks off is a failure.
    func request(
        _ method: String, _ path: String, body: String? = nil, headers: [String: String] = [:], timeout: Int = 10
    ) throws -> HTTPAnswer {
        let fresh = self.descriptor < 0
        if fresh { try self.connect(timeout: timeout) }
        var text = "\(method) \(path) HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        if let token { text += "Authorization: Bearer \(token)\r\n" }
        for (name, value) in headers { text += "\(name): \(value)\r\n" }
        if let body { text += "Content-Type: application/json\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)" } else { text += "\r\n" }
        do {
            try self.write(Array(text.utf8))
            return try self.read(isHead: method == "HEAD")
        } catch HTTPFailure.closed where !fresh && self.buffer.isEmpty && method == "GET" {
            self.disconnect()
            return try self.request(method, path, body: body, headers: headers, timeout: timeout)
        } catch {
            self.disconnect()
            throw error
        }
    }

    func get(_ path: String) throws -> HTTPAnswer { try self.request("GET", path) }
    func post(_ path: String, _ body: String, headers: [String: String] = [:]) throws -> HTTPAnswer {
        try self.request("POST", path, body: body, headers: headers)
    }

    private func connect(timeout: Int) throws {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var limit = timeval(tv_sec: timeout, tv_usec: 0)
        unsafe setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        unsafe setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = self.port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let status = unsafe withUnsafePointer(to: &address) {
            unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard status == 0 else {
            let code = errno
            close(descriptor)
            throw HTTPFailure.connect(code)
        }
        self.descriptor = descriptor
        self.buffer = []
    }

    private func write(_ bytes: [UInt8]) throws {
        var sent = 0
        while sent < bytes.count {
            let count = unsafe bytes[sent...].withUnsafeBytes { unsafe send(self.descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            guard count > 0 else { throw HTTPFailure.closed }
            sent += count
        }
    }

    private func fill() throws {
        let chunk = try unsafe [UInt8](unsafeUninitializedCapacity: 65_536) { target, count in
            let received = unsafe recv(self.descriptor, target.baseAddress, target.count, 0)
            if received < 0 && (errno == EAGAIN || errno == EWOULDBLOCK) { throw HTTPFailure.timeout }
            guard received > 0 else { throw HTTPFailure.closed }
            count = received
        }
        self.buffer += chunk
    }

    private func read(isHead: Bool) throws -> HTTPAnswer {
        let blank = Array("\r\n\r\n".utf8)
        var end: Int?
        while end == nil {
            end = self.buffer.firstRange(of: blank)?.lowerBound
            if end == nil { try self.fill() }
        }
        guard let end else { throw HTTPFailure.malformed }
        let lines = String(decoding: self.buffer[..<end], as: UTF8.self).components(separatedBy: "\r\n")
        self.buffer.removeFirst(end + blank.count)
        guard let status = lines.first?.split(separator: " ").dropFirst().first.flatMap({ Int($0) }) else { throw HTTPFailure.malformed }
        var headers: [String: String] = [:]
        for line in lines.dropFirst() {
            guard let colon = line.firstIndex(of: ":") else { continue }
            headers[line[..<colon].lowercased()] = line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces)
        }
        var body = Data()
        if !isHead, status != 204 {
            if headers["transfer-encoding"]?.lowercased() == "chunked" {
                body = try self.readChunks()
            } else {
                let length = headers["content-length"].flatMap { Int($0) } ?? 0
                while self.buffer.count < length { try self.fill() }
                body = Data(self.buffer.prefix(length))
                self.buffer.removeFirst(length)
            }
        }
        if headers["connection"]?.lowercased() == "close" { self.disconnect() }
        return HTTPAnswer(status: status, headers: headers, body: body)
    }

    private func readChunks() throws -> Data {
        var body = Data()
        let newline = Array("\r\n".utf8)
        while true {
            while self.buffer.firstRange(of: newline) == nil { try self.fill() }
            guard let end = self.buffer.firstRange(of: newline)?.lowerBound,
                let size = Int(String(decoding: self.buffer[..<end], as: UTF8.self), radix: 16)
            else { throw HTTPFailure.malformed }
            self.buffer.removeFirst(end + 2)
            while self.buffer.count < size + 2 { try self.fill() }
            body.append(contentsOf: self.buffer.prefix(size))
            self.buffer.removeFirst(size + 2)
            if size == 0 { return body }
        }
    }
}
