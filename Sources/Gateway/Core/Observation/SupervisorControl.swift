internal import NIOCore
internal import NIOPosix

/// Asks `duet up` over its control socket: one JSON object a line, one answer a line.
public struct SupervisorControl: ProcessControl {
    /// Whoever asks for a change waits so long for its end.
    private static let patience: Duration = .seconds(2)
    private static let longestReply = 1 << 20

    private let path: String

    public init(path: String) { self.path = path }

    public func services() async -> [SupervisedService]? {
        guard let reply = await Self.within(.milliseconds(800), { try await self.exchange(#"{"command":"status"}"#) }) ?? nil,
            let services = reply["services"]?.array
        else { return nil }
        return services.map { service in
            SupervisedService(
                name: service["name"]?.string ?? "", isScalable: service["isScalable"]?.bool ?? false,
                wanted: Int(service["wanted"]?.integer ?? 0), processes: (service["processes"]?.array ?? []).map(Self.process))
        }
    }

    public func scale(_ service: String, to replicas: Int) async -> ProcessChange {
        await self.change { writer in
            writer.key("command")
            writer.string("scale")
            writer.key("service")
            writer.string(service)
            writer.key("replicas")
            writer.integer(replicas)
        }
    }

    public func drain(_ process: String) async -> ProcessChange {
        await self.change { writer in
            writer.key("command")
            writer.string("drain")
            writer.key("process")
            writer.string(process)
        }
    }

    private static func process(_ process: JSONValue) -> SupervisedService.Process {
        SupervisedService.Process(
            name: process["name"]?.string ?? "", processID: process["pid"]?.integer.map { Int32(clamping: $0) },
            phase: process["phase"]?.string ?? "", restarts: Int(process["restarts"]?.integer ?? 0),
            uptime: process["uptimeSeconds"]?.integer.map { .seconds($0) })
    }

    private func change(_ request: (inout JSONWriter) -> Void) async -> ProcessChange {
        let text = String(decoding: JSONWriter.bytes { $0.object(request) }, as: UTF8.self)
        // Goes on when nobody waits for it any more: the supervisor answers at the end of the change, or closes the connection.
        let asking = Task { () -> ProcessChange in
            guard let reply = try? await self.exchange(text) else { return .refused("The supervisor gave no answer.") }
            return reply["failure"]?.string.map { .refused($0) } ?? .done
        }
        return await Self.within(Self.patience) { await asking.value } ?? .underWay
    }

    private func exchange(_ request: String) async throws -> JSONValue? {
        let channel = try await ClientBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .connect(unixDomainSocketPath: self.path) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
                }
            }
        return try await channel.executeThenClose { inbound, outbound in
            try await outbound.write(ByteBuffer(string: request + "\n"))
            var reply: [UInt8] = []
            for try await part in inbound {
                reply += part.readableBytesView
                if reply.last == UInt8(ascii: "\n") || reply.count > Self.longestReply { break }
            }
            return try? JSONParser.parse(reply)
        }
    }

    /// `nil` if it takes longer, or fails.
    private static func within<Result: Sendable>(
        _ limit: Duration, _ body: @escaping @Sendable () async throws -> Result
    ) async -> Result? {
        let (results, continuation) = AsyncStream.makeStream(of: Result?.self)
        // Both end by themselves; the slower one's result is dropped. A task group would wait for it.
        let working = Task { continuation.yield(try? await body()) }
        let waiting = Task {
            try? await Task.sleep(for: limit)
            continuation.yield(nil)
        }
        defer {
            working.cancel()
            waiting.cancel()
        }
        return await results.first { _ in true } ?? nil
    }
}
