import Glibc
import Logging
import Mesh
import Synchronization
import Testing

let quietLogger = Logger(label: "mesh-tests") { _ in SwiftLogNoOpLogHandler() }

/// Bytes as a message.
struct Note: MeshMessage {
    static let fullName = "test.Note"
    var bytes: [UInt8]

    init(_ bytes: [UInt8] = []) { self.bytes = bytes }

    init(_ text: String) { self.bytes = Array(text.utf8) }

    init(unpacking bytes: UnsafeRawBufferPointer) throws(MeshError) { self.bytes = unsafe Array(bytes) }

    func withPackedForm<R>(_ body: (Int, (UnsafeMutableRawBufferPointer) -> Void) throws(MeshError) -> R) throws(MeshError) -> R {
        try unsafe body(self.bytes.count) { unsafe $0.copyBytes(from: self.bytes) }
    }

    var text: String { String(decoding: self.bytes, as: UTF8.self) }
}

enum TestService {
    static let name = "test.TestService"
    static let echo = MethodDescriptor(service: name, name: "Echo", isIdempotent: true, timeout: .seconds(20))
    static let heavyEcho = MethodDescriptor(service: name, name: "HeavyEcho", isIdempotent: true, isHeavy: true, timeout: .seconds(20))
    static let once = MethodDescriptor(service: name, name: "Once", timeout: .seconds(20))
    static let unknown = MethodDescriptor(service: name, name: "Unknown")

    static let echoMethod = MeshMethod(echo) { (note: Note, _) in note }
    static let heavyEchoMethod = MeshMethod(heavyEcho) { (note: Note, _) in note }

    /// Answers who it is, whatever the request.
    static func named(_ name: String, _ method: MethodDescriptor = echo) -> MeshMethod {
        MeshMethod(method) { (_: Note, _) in Note(name) }
    }
}

extension MeshClient {
    func echo(
        _ text: String = "hello", _ method: MethodDescriptor = TestService.echo, shard: ShardKey? = nil, deadline: Deadline? = nil
    ) async throws -> String {
        let reply: Note = try await self.call(method, Note(text), shard: shard, deadline: deadline)
        return reply.text
    }

    /// A shard key of the replica at that place.
    func key(of index: Int) async throws -> ShardKey {
        let states = self.state
        let ring = HashRing(names: states.map(\.name), weights: states.map(\.weight))
        return try #require((0..<1_000).lazy.map { ShardKey($0) }.first { ring.pick($0) { _ in 0 } == index })
    }

    /// Waits for so many replicas that can be called.
    func waitForReady(_ count: Int) async throws {
        try await self.waitUntil(deadline: .after(.seconds(20))) { $0.count(where: \.isReady) == count }
    }
}

/// A directory with a short path, removed afterwards.
func withMeshDirectory<R>(_ body: (String) async throws -> R) async throws -> R {
    let path = "/tmp/mesh-\(getpid())-\(String(UInt32.random(in: .min ... .max), radix: 36))"
    defer {
        if let directory = unsafe opendir(path) {
            while let file = unsafe readdir(directory) {
                let name = unsafe withUnsafePointer(to: &file.pointee.d_name) { name in
                    unsafe name.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
                }
                unsafe unlink("\(path)/\(name)")
            }
            unsafe closedir(directory)
        }
        unsafe rmdir(path)
    }
    return try await body(path)
}

/// A server and a client in one directory, both gone afterwards.
func withServer<R>(
    _ methods: [MeshMethod],
    configuration: MeshServerConfiguration = .init(),
    clientConfiguration: MeshClientConfiguration = .init(),
    _ body: (MeshClient, MeshServer, String) async throws -> R
) async throws -> R {
    try await withMeshDirectory { directory in
        let server = MeshServer(
            service: "test", version: "1", directory: directory, methods: methods, configuration: configuration, logger: quietLogger)
        try await server.start()
        let discovery = try Discovery(directory: directory, logger: quietLogger)
        let client = MeshClient(service: "test", discovery: discovery, configuration: clientConfiguration, logger: quietLogger)
        do {
            try await client.waitForReady(1)
            let result = try await body(client, server, directory)
            await client.shutdown()
            await server.drain()
            discovery.shutdown()
            return result
        } catch {
            await client.shutdown()
            await server.drain()
            discovery.shutdown()
            throw error
        }
    }
}

/// Servers of one service at fixed addresses, and a client of them all: over Unix sockets, as the services run.
func withReplicas<R>(
    _ servers: [(methods: [MeshMethod], configuration: MeshServerConfiguration)],
    weights: [Double] = [], versions: [String] = [], shadowShares: [Double] = [],
    client configuration: MeshClientConfiguration = .init(),
    _ body: (MeshClient, [MeshServer]) async throws -> R
) async throws -> R {
    let stem = "/tmp/mesh-\(getpid())-\(String(UInt32.random(in: .min ... .max), radix: 36))"
    defer { for index in servers.indices { unsafe unlink("\(stem)-\(index)") } }
    let started = servers.enumerated().map { index, server in
        MeshServer(
            service: "test", version: index < versions.count ? versions[index] : "1", address: "ipc://\(stem)-\(index)", methods: server.methods,
            configuration: server.configuration, logger: quietLogger)
    }
    for server in started { try await server.start() }
    let endpoints = started.enumerated().map { index, server in
        Endpoint(
            service: "test", address: server.address, version: server.version, weight: index < weights.count ? weights[index] : 1,
            shadowShare: index < shadowShares.count ? shadowShares[index] : 0)
    }
    let client = MeshClient(
        service: "test", discovery: Discovery(static: endpoints), configuration: configuration, logger: quietLogger)
    func end() async {
        await client.shutdown()
        for server in started { await server.drain() }
    }
    do {
        try await client.waitForReady(servers.count)
        let result = try await body(client, started)
        await end()
        return result
    } catch {
        await end()
        throw error
    }
}

/// What observers were told.
final class Events: MeshMetricsObserver {
    private struct State {
        var client: [MeshClientEvent] = []
        var shed: [MeshShedReason] = []
        var queued = 0
        var notices = 0
    }

    private let state = Mutex(State())

    var client: [MeshClientEvent] { self.state.withLock { $0.client } }
    var shed: [MeshShedReason] { self.state.withLock { $0.shed } }
    var queued: Int { self.state.withLock { $0.queued } }

    func clientEvent(_ event: MeshClientEvent, _ method: MethodDescriptor?, service: String) {
        self.state.withLock { $0.client.append(event) }
    }

    func serverCallShed(_ method: MethodDescriptor, _ reason: MeshShedReason) { self.state.withLock { $0.shed.append(reason) } }

    func serverCallQueued(_ method: MethodDescriptor, for duration: Duration) { self.state.withLock { $0.queued += 1 } }

    func serverCallEnded(_ method: MethodDescriptor?, code: MeshError.Code?, duration: Duration) {
        if method == nil, code == .cancelled { self.state.withLock { $0.notices += 1 } }
    }

    /// Waits until a server has been told of so many cancellations.
    func waitForNotices(_ count: Int) async {
        while self.state.withLock({ $0.notices }) < count { await Task.yield() }
    }

    /// Waits until so many calls wait at a server.
    func waitForQueue(of server: MeshServer, _ count: Int) async {
        while server.statistics.queued < count { await Task.yield() }
    }
}

/// Opens once, for all who wait.
final class Gate: Sendable {
    private struct State {
        var isOpen = false
        var waiting: [CheckedContinuation<Void, Never>] = []
        var arrived = 0
        var watchers: [(count: Int, continuation: CheckedContinuation<Void, Never>)] = []
    }

    private let state = Mutex(State())

    func pass() async {
        await withCheckedContinuation { continuation in
            let (isOpen, reached) = self.state.withLock { state in
                state.arrived += 1
                let arrived = state.arrived
                let reached = state.watchers.filter { $0.count <= arrived }
                state.watchers.removeAll { $0.count <= arrived }
                if !state.isOpen { state.waiting.append(continuation) }
                return (state.isOpen, reached)
            }
            for watcher in reached { watcher.continuation.resume() }
            if isOpen { continuation.resume() }
        }
    }

    /// Waits until so many have come to the gate.
    func arrivals(_ count: Int) async {
        await withCheckedContinuation { continuation in
            let isReached = self.state.withLock { state in
                if state.arrived < count { state.watchers.append((count, continuation)) }
                return state.arrived >= count
            }
            if isReached { continuation.resume() }
        }
    }

    func open() {
        let waiting = self.state.withLock { state in
            state.isOpen = true
            defer { state.waiting = [] }
            return state.waiting
        }
        for continuation in waiting { continuation.resume() }
    }
}

final class Counter: Sendable {
    private let value = Mutex(0)
    var count: Int { self.value.withLock { $0 } }
    func add(_ amount: Int = 1) { self.value.withLock { $0 += amount } }
}
