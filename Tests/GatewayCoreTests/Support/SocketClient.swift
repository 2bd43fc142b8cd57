import Foundation
import Glibc

/// A client on a socket of its own. Each blocking call has a thread of its own: in a pool it would wait for those of other tests.
final class SocketClient: Sendable {
    struct Failure: Error {}

    private let descriptor: CInt

    init(port: Int) async throws {
        self.descriptor = try await Self.blocking {
            let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            var limit = timeval(tv_sec: 20, tv_usec: 0)
            _ = unsafe setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
            var address = Self.loopback(port: port)
            let status = unsafe withUnsafePointer(to: &address) { pointer in
                unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    unsafe connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
                }
            }
            guard status == 0 else {
                _ = Glibc.close(descriptor)
                throw Failure()
            }
            return descriptor
        }
    }

    static func loopback(port: Int) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        return address
    }

    /// Sends a request and reads one answer with a `Content-Length`, or what comes until the connection ends.
    func exchange(_ request: String) async throws -> String {
        try await Self.blocking {
            let bytes = Array(request.utf8)
            var sent = 0
            while sent < bytes.count {
                let count = unsafe bytes[sent...].withUnsafeBytes {
                    unsafe Glibc.send(self.descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
                }
                // An answer may come, and the connection end, before everything is sent.
                guard count > 0 else { break }
                sent += count
            }
            var answer: [UInt8] = []
            while !Self.isComplete(answer), let part = self.read() { answer += part }
            return String(decoding: answer, as: UTF8.self)
        }
    }

    /// Sends `start`, then `part` so many times, without ever reading.
    ///
    /// - Returns: How many parts went out before the connection ended.
    func send(_ start: String, then part: String, atMost limit: Int) async throws -> Int {
        try await Self.blocking {
            var next = Array(start.utf8)
            for count in 0...limit {
                var sent = 0
                while sent < next.count {
                    let written = unsafe next[sent...].withUnsafeBytes {
                        unsafe Glibc.send(self.descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
                    }
                    guard written > 0 else { return max(0, count - 1) }
                    sent += written
                }
                next = Array(part.utf8)
            }
            return limit
        }
    }

    /// Sends `start`, then `part` again and again, until the connection ends or, unless told otherwise, an answer has come.
    func drip(_ start: String, then part: String, every pause: Duration, untilAnswered: Bool = true) async throws -> String {
        try await Self.blocking {
            var next = Array(start.utf8)
            var answer: [UInt8] = []
            var descriptor = pollfd(fd: self.descriptor, events: Int16(POLLIN), revents: 0)
            while true {
                guard unsafe Glibc.send(self.descriptor, next, next.count, Int32(MSG_NOSIGNAL)) >= 0 else { break }
                next = Array(part.utf8)
                if !untilAnswered { descriptor.events = 0 }
                if unsafe poll(&descriptor, 1, Int32(pause / .milliseconds(1))) > 0 { break }
            }
            while !Self.isComplete(answer), let part = self.read() { answer += part }
            return String(decoding: answer, as: UTF8.self)
        }
    }

    /// Waits for the other side to end the connection.
    func isClosed() async throws -> Bool { try await Self.blocking { self.read() == nil } }

    func close() { _ = Glibc.close(self.descriptor) }

    private func read() -> [UInt8]? {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        let count = unsafe recv(self.descriptor, &buffer, buffer.count, 0)
        return count > 0 ? Array(buffer.prefix(count)) : nil
    }

    private static func isComplete(_ answer: [UInt8]) -> Bool {
        let text = String(decoding: answer, as: UTF8.self)
        let parts = text.split(separator: "\r\n\r\n", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2,
            let field = parts[0].split(separator: "\r\n").first(where: { $0.lowercased().hasPrefix("content-length:") }),
            let length = Int(field.dropFirst(15).filter { $0 != " " })
        else { return false }
        return parts[1].utf8.count >= length
    }

    private static func blocking<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws -> Result {
        try await withCheckedThrowingContinuation { continuation in
            Thread.detachNewThread { continuation.resume(with: Swift.Result { try body() }) }
        }
    }
}
