import Dispatch
import Glibc

/// One small HTTP/1.1 request at a time, for probes and for the command line. Each runs on a thread that may block.
public enum HTTPProbe {
    public struct Response: Sendable {
        public let status: Int
        /// Names in lower case.
        public let headers: [String: String]
        public let body: [UInt8]

        public var text: String { String(decoding: self.body, as: UTF8.self) }
    }

    private static let queue = DispatchQueue(label: "duet.http", attributes: .concurrent)

    /// - Parameters:
    ///   - target: Path and query, percent-encoded.
    ///   - timeout: For connecting, and for each wait for bytes.
    /// - Throws: ``SupervisionError`` with ``SupervisionError/Code/notRunning`` if there is no answer.
    public static func get(
        _ address: SocketAddress, _ target: String, headers: [(String, String)] = [], timeout: Duration = .seconds(5)
    ) async throws(SupervisionError) -> Response {
        let result: Result<Response, SupervisionError> = await withCheckedContinuation { continuation in
            self.queue.async {
                do throws(SupervisionError) {
                    continuation.resume(returning: .success(try self.exchange(address, target, headers, timeout)))
                } catch {
                    continuation.resume(returning: .failure(error))
                }
            }
        }
        return try result.get()
    }

    private static func exchange(
        _ address: SocketAddress, _ target: String, _ headers: [(String, String)], _ timeout: Duration
    ) throws(SupervisionError) -> Response {
        let socket = try StreamSocket.connected(to: address, timeout: timeout)
        let host = if case .tcp(let host, let port) = address { "\(host):\(port)" } else { "localhost" }
        let lines = (["GET \(target) HTTP/1.1", "Host: \(host)", "Connection: close"] + headers.map { "\($0.0): \($0.1)" })
        guard socket.write(Array((lines.joined(separator: "\r\n") + "\r\n\r\n").utf8)) else {
            throw SupervisionError(.notRunning, "The connection was closed before the request was sent.")
        }
        var bytes: [UInt8] = []
        while true {
            guard let more = socket.read() else { throw SupervisionError(.notRunning, "No whole answer came within \(timeout).") }
            if more.isEmpty { break }
            bytes += more
        }
        guard let response = Self.parse(bytes) else { throw SupervisionError(.notRunning, "The answer is no HTTP.") }
        return response
    }

    /// Reads a whole response, its body as it is or chunked.
    package static func parse(_ bytes: [UInt8]) -> Response? {
        guard let end = bytes.firstRange(of: Array("\r\n\r\n".utf8)) else { return nil }
        let lines = String(decoding: bytes[..<end.lowerBound], as: UTF8.self).split(separator: "\r\n")
        guard let first = lines.first?.split(separator: " "), first.count >= 2, first[0].hasPrefix("HTTP/1."), let status = Int(first[1])
        else { return nil }
        var headers: [String: String] = [:]
        for line in lines.dropFirst() {
            let parts = line.split(separator: ":", maxSplits: 1)
            if parts.count == 2 { headers[parts[0].lowercased()] = String(parts[1].drop { $0 == " " }) }
        }
        let rest = bytes[end.upperBound...]
        if headers["transfer-encoding"]?.lowercased() == "chunked" {
            guard let body = Self.unchunked(rest) else { return nil }
            return Response(status: status, headers: headers, body: body)
        }
        if let length = headers["content-length"].flatMap({ Int($0) }), rest.count < length { return nil }
        return Response(status: status, headers: headers, body: Array(rest))
    }

    private static func unchunked(_ bytes: ArraySlice<UInt8>) -> [UInt8]? {
        var rest = bytes
        var body: [UInt8] = []
        while let end = rest.firstRange(of: Array("\r\n".utf8)) {
            let size = String(decoding: rest[..<end.lowerBound], as: UTF8.self).prefix { $0 != ";" }
            guard let count = Int(size, radix: 16), count >= 0 else { return nil }
            rest = rest[end.upperBound...]
            if count == 0 { return body }
            guard rest.count >= count + 2 else { return nil }
            body += rest.prefix(count)
            rest = rest.dropFirst(count + 2)
        }
        return nil
    }
}
