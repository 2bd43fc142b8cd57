import Foundation

/// What can be asked of a running supervisor over its control socket: one JSON object a line, one answer a line.
public struct ControlRequest: Sendable, Codable, Hashable {
    public enum Command: String, Sendable, Codable { case status, scale, drain, down }

    public var command: Command
    public var service: String?
    public var replicas: Int?
    public var process: String?

    public init(_ command: Command, service: String? = nil, replicas: Int? = nil, process: String? = nil) {
        (self.command, self.service, self.replicas, self.process) = (command, service, replicas, process)
    }
}

/// The supervisor's answer.
public struct ControlReply: Sendable, Codable, Hashable {
    /// A sentence that says why not; `nil` when the request was carried out.
    public var failure: String?
    public var services: [ServiceStatus]?
    /// Where the gateway and the stores are.
    public var places: [String: String]?

    public init(failure: String? = nil, services: [ServiceStatus]? = nil, places: [String: String]? = nil) {
        (self.failure, self.services, self.places) = (failure, services, places)
    }
}

/// Asks a running supervisor.
public enum ControlClient {
    /// - Throws: ``SupervisionError``: ``SupervisionError/Code/notRunning`` if nobody listens, ``SupervisionError/Code/refused`` with the
    ///   supervisor's own sentence.
    public static func send(
        _ request: ControlRequest, to socket: String, timeout: Duration = .seconds(120)
    ) async throws(SupervisionError) -> ControlReply {
        let result: Result<ControlReply, SupervisionError> = await withCheckedContinuation { continuation in
            DispatchQueue(label: "duet.control.client").async {
                do throws(SupervisionError) {
                    continuation.resume(returning: .success(try Self.exchange(request, socket, timeout)))
                } catch {
                    continuation.resume(returning: .failure(error))
                }
            }
        }
        let reply = try result.get()
        if let failure = reply.failure { throw SupervisionError(.refused, failure) }
        return reply
    }

    private static func exchange(
        _ request: ControlRequest, _ path: String, _ timeout: Duration
    ) throws(SupervisionError) -> ControlReply {
        let socket = try StreamSocket.connected(to: .unix(path: path), timeout: timeout)
        guard let data = try? JSONEncoder().encode(request), socket.write(Array(data) + [UInt8(ascii: "\n")]),
            let line = socket.readLine(), let reply = try? JSONDecoder().decode(ControlReply.self, from: Data(line))
        else { throw SupervisionError(.notRunning, "The supervisor gave no answer.") }
        return reply
    }
}
