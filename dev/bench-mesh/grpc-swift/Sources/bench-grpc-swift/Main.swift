import BenchClock
import GRPCCore
import GRPCNIOTransportHTTP2Posix
import Glibc
import Synchronization

/// grpc-swift-2 as a contestant: bytes for messages, so it packs and unpacks nothing.
@main struct Main {
    static let method = MethodDescriptor(service: ServiceDescriptor(fullyQualifiedService: "bench.Bench"), method: "Echo")

    static func main() async throws {
        let arguments = CommandLine.arguments
        guard arguments.count > 2 else { return print("usage: bench-grpc-swift server|client ADDRESS …") }
        if arguments[1] == "server" { try await self.serve(arguments[2]) } else { try await self.call(arguments[2]) }
    }

    private static func serve(_ path: String) async throws {
        let server = GRPCServer(
            transport: .http2NIOPosix(address: .unixDomainSocket(path: path), transportSecurity: .plaintext), services: [Bench()])
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await server.serve() }
            _ = try await server.listeningAddress
            print("ready")
            fflush(nil)
            try await group.waitForAll()
        }
    }

    private static func call(_ path: String) async throws {
        let task = bench_task_from(Int32(CommandLine.argc) - 3, CommandLine.unsafeArgv.advanced(by: 3))
        let transport = try HTTP2ClientTransport.Posix(target: .unixDomainSocket(path: path), transportSecurity: .plaintext)
        try await withGRPCClient(transport: transport) { client in
            let run = Run(task)
            var request = [UInt8](repeating: 7, count: task.request)
            for index in 0..<min(4, request.count) { request[index] = UInt8(truncatingIfNeeded: task.reply >> (8 * index)) }
            let message = request
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<task.in_flight {
                    group.addTask {
                        try await run.repeatedly {
                            try await client.unary(
                                request: ClientRequest(message: message), descriptor: Main.method, serializer: Bytes(),
                                deserializer: Bytes(), options: .defaults
                            ) { response in _ = try response.message }
                        }
                    }
                }
                try await group.waitForAll()
            }
            run.finish()
            exit(0)
        }
    }
}

struct Bench: RegistrableRPCService {
    func registerMethods(with router: inout RPCRouter<some ServerTransport>) {
        router.registerHandler(forMethod: Main.method, deserializer: Bytes(), serializer: Bytes()) { request, _ in
            var count = 0
            for try await message in request.messages { count = (0..<4).reduce(0) { $0 | Int(message[$1]) << (8 * $1) } }
            let reply = [UInt8](repeating: 7, count: count)
            return StreamingServerResponse { writer in
                try await writer.write(reply)
                return [:]
            }
        }
    }
}

struct Bytes: MessageSerializer, MessageDeserializer {
    func serialize<Output: GRPCContiguousBytes>(_ message: [UInt8]) throws -> Output { Output(message) }

    func deserialize<Input: GRPCContiguousBytes>(_ bytes: Input) throws -> [UInt8] { bytes.withUnsafeBytes { Array($0) } }
}

/// The measured part of a client; the calls before it warm up.
final class Run: @unchecked Sendable {
    // Sendable, because the C side counts atomically.
    private static let warmUp = 200
    private let answered = Atomic(0)
    private let end = Atomic(UInt64.max)
    private let run: OpaquePointer
    private let duration: UInt64

    init(_ task: bench_task) {
        self.run = bench_run_make(task)
        self.duration = task.duration
    }

    func repeatedly(_ call: () async throws -> Void) async throws {
        while true {
            let start = bench_now()
            try await call()
            let now = bench_now()
            bench_run_note(self.run, now - start)
            if self.answered.add(1, ordering: .relaxed).newValue == Self.warmUp {
                bench_run_start(self.run)
                self.end.store(now + self.duration, ordering: .relaxed)
            }
            if now >= self.end.load(ordering: .relaxed) { return }
        }
    }

    func finish() { bench_run_finish(self.run) }
}
