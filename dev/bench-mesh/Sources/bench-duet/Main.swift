import BenchClock
import Glibc
import Logging
import Mesh
import MeshAPI
import Synchronization

/// The mesh as a contestant: `server FOLDER [all]` or `client FOLDER SERVER-PID REQUEST REPLY IN-FLIGHT MILLISECONDS [all] [global] [shared|hedged]`.
///
/// `all` turns on what a call may carry: metadata, interceptors and an observer that counts, beside deadline, balancing and trace,
/// which every call has. `shared`: two servers share the calls; `hedged`: and one that takes long is made at the other too. `global` resumes callers on Swift's global executor instead of the thread that has the reply.
@main struct Main {
    static let logger = Logger(label: "bench") { _ in SwiftLogNoOpLogHandler() }

    static func main() {
        // Ends the process, so nobody need await it; profilers get on with a main thread that stays.
        Task { @concurrent in await self.run() }
        while true { pause() }
    }

    private static func run() async {
        do {
            let arguments = CommandLine.arguments
            guard arguments.count > 2 else { throw MeshError(.invalidArgument, "usage: bench-duet server|client FOLDER …") }
            let isFull = arguments.contains("all")
            switch arguments[1] {
            case "server": try await self.serve(arguments[2], isFull, replicas: self.isShared ? 2 : 1)
            case "client": try await self.call(arguments[2], isFull, isInline: !arguments.contains("global"))
            default: throw MeshError(.invalidArgument, "\(arguments[1]) is neither server nor client")
            }
            exit(0)
        } catch {
            print("\(error)")
            exit(1)
        }
    }

    private static var isHedged: Bool { CommandLine.arguments.contains("hedged") }
    private static var isShared: Bool { self.isHedged || CommandLine.arguments.contains("shared") }

    private static let passThrough: MeshClientInterceptor = { (_, context, next) async throws(MeshError) in try await next(context) }

    private static var security: TransportSecurity? {
        func variable(_ name: String) -> String? { unsafe getenv(name).map { unsafe String(cString: $0) } }
        guard let certificate = variable("BENCH_CERTIFICATE"), let authority = variable("BENCH_AUTHORITY") else { return nil }
        return TransportSecurity(
            certificateFile: certificate, authorityFile: authority, serverName: variable("BENCH_SERVER_NAME"))
    }

    private static func serve(_ place: String, _ isFull: Bool, replicas: Int) async throws {
        var configuration = MeshServerConfiguration()
        if isFull {
            configuration.observer = CallCounter()
            configuration.interceptors = [{ _, context, next in try await next(context) }]
        }
        configuration.security = self.security
        let methods = [
            MeshMethod(Methods.echo, atOnce: { (request: Block, _) in Block(count: request.replyCount) }),
            MeshMethod(Methods.hedgedEcho, atOnce: { (request: Block, _) in Block(count: request.replyCount) }),
            MeshMethod(Methods.rank) { (request: RankRequest, _) in
                let count = Int(request.limit)
                return RankResponse(
                    userIDs: Array(request.candidateIDs.prefix(count)), scores: [Double](repeating: 0.25, count: count),
                    matchScores: [Double](repeating: 0.5, count: count), modelVersion: "bench")
            },
        ]
        for _ in 0..<replicas {
            let server =
                place.contains("://")
                ? MeshServer(
                    service: "bench", version: "1", address: place, methods: methods, configuration: configuration, logger: self.logger)
                : MeshServer(
                    service: "bench", version: "1", directory: place, methods: methods, configuration: configuration, logger: self.logger)
            try await server.start()
        }
        print("ready")
        fflush(nil)
        await unsafe withUnsafeContinuation { (_: UnsafeContinuation<Void, Never>) in }
    }

    private static func call(_ place: String, _ isFull: Bool, isInline: Bool) async throws {
        let task = unsafe bench_task_from(
            Int32(CommandLine.argc) - 3, CommandLine.unsafeArgv.advanced(by: 3))
        let configuration = MeshClientConfiguration(
            security: self.security,
            interceptors: isFull ? [self.passThrough] : [],
            observer: isFull ? CallCounter() : nil)
        let discovery =
            place.contains("://")
            ? Discovery(services: ["bench": [place]], logger: self.logger) : try Discovery(directory: place, logger: self.logger)
        let client = MeshClient(service: "bench", discovery: discovery, configuration: configuration, logger: self.logger)
        let echo = self.isHedged ? Methods.hedgedEcho : Methods.echo
        try await client.waitUntil(deadline: .after(.seconds(10))) { $0.count(where: \.isReady) >= (self.isShared ? 2 : 1) }
        let run = Run(task)
        let context = isFull ? CallContext(deadline: .never, metadata: [CallContext.requestIDKey: "0123456789abcdef"]) : nil
        let isRank = task.request > 50_000
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<task.in_flight {
                group.addTask(executorPreference: isInline ? InlineExecutor.shared : nil) {
                    if isRank {
                        let request = RankRequest(
                            userID: 1, candidateIDs: (0..<UInt64(task.request / 12)).map { $0 },
                            candidateScores: [Float](repeating: 0.5, count: task.request / 12), limit: UInt32(task.reply / 24))
                        try await run.repeatedly {
                            let _: RankResponse = try await client.call(
                                Methods.rank, request, deadline: .after(.seconds(5)), context: context)
                        }
                    } else {
                        let request = Block(count: task.request, reply: task.reply)
                        try await run.repeatedly {
                            let _: Block = try await client.call(echo, request, deadline: .after(.seconds(5)), context: context)
                        }
                    }
                }
            }
            try await group.waitForAll()
        }
        run.finish()
    }
}

enum Methods {
    static let echo = MethodDescriptor(service: "bench.Bench", name: "Echo", isIdempotent: true)
    static let hedgedEcho = MethodDescriptor(service: "bench.Bench", name: "HedgedEcho", isIdempotent: true, hedges: true)
    static let rank = MethodDescriptor(service: "bench.Bench", name: "Rank", isIdempotent: true)
}

/// The measured part of a client; the calls before it warm up.
@safe final class Run: Sendable {
    private static let warmUp = 200
    private let answered = Atomic(0)
    private let end = Atomic(UInt64.max)
    private nonisolated(unsafe) let run: OpaquePointer
    private let duration: UInt64

    init(_ task: bench_task) {
        unsafe self.run = bench_run_make(task)
        self.duration = task.duration
    }

    func repeatedly(_ call: () async throws -> Void) async throws {
        while true {
            let start = bench_now()
            try await call()
            let now = bench_now()
            unsafe bench_run_note(self.run, now - start)
            if self.answered.add(1, ordering: .relaxed).newValue == Self.warmUp {
                unsafe bench_run_start(self.run)
                self.end.store(now + self.duration, ordering: .relaxed)
            }
            if now >= self.end.load(ordering: .relaxed) { return }
        }
    }

    func finish() { unsafe bench_run_finish(self.run) }
}

/// Bytes whose first four say how many come back.
struct Block: MeshMessage {
    static let fullName = "bench.Block"
    var bytes: [UInt8]

    init(count: Int, reply: Int = 0) {
        self.bytes = [UInt8](repeating: 7, count: count)
        for index in 0..<min(4, count) { self.bytes[index] = UInt8(truncatingIfNeeded: reply >> (8 * index)) }
    }

    var replyCount: Int { (0..<4).reduce(0) { $0 | Int(self.bytes[$1]) << (8 * $1) } }

    init(unpacking bytes: UnsafeRawBufferPointer) throws(MeshError) {
        guard bytes.count >= 4 else { throw MeshError(.invalidArgument, "the block is too short") }
        self.bytes = unsafe Array(bytes)
    }

    func withPackedForm<R>(_ body: (Int, (UnsafeMutableRawBufferPointer) -> Void) throws(MeshError) -> R) throws(MeshError) -> R {
        try unsafe body(self.bytes.count) { unsafe $0.copyBytes(from: self.bytes) }
    }
}

/// Metrics as a service has them: a count and a sum.
final class CallCounter: MeshMetricsObserver {
    private let calls = Atomic(0)
    private let nanoseconds = Atomic<Int64>(0)

    func clientCallEnded(
        _ method: MethodDescriptor, service: String, replica: String?, code: MeshError.Code?, duration: Duration, attempts: Int
    ) { self.note(duration) }

    func serverCallEnded(_ method: MethodDescriptor?, code: MeshError.Code?, duration: Duration) { self.note(duration) }

    private func note(_ duration: Duration) {
        self.calls.add(1, ordering: .relaxed)
        self.nanoseconds.add(duration.components.attoseconds / 1_000_000_000, ordering: .relaxed)
    }
}
