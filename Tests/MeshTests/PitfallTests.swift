import Glibc
import Mesh
import Testing

/// What takes minutes or much of the machine: `make check-all` sets the variable.
let runsLongTests: Bool = {
    if !isSet("MESH_LONG_TESTS") { print("skipped: long mesh tests, which MESH_LONG_TESTS=1 turns on") }
    return isSet("MESH_LONG_TESTS")
}()

func isSet(_ variable: String) -> Bool { unsafe getenv(variable) != nil }

/// The ways in which nng 1.5.2 goes wrong, provoked.
@Suite("Pitfalls of nng", .timeLimit(.minutes(5)))
struct PitfallTests {
    /// The server is a process of its own, as the storm may harm all of nng there.
    @Test("A server that is connected to and left at once, again and again, stays reachable")
    func connectAndClose() async throws {
        try await withMeshDirectory { directory in
            let peer = try Child.test("peerProcess", environment: ["MESH_TEST_PEER": directory])
            let discovery = try Discovery(directory: directory, logger: quietLogger)
            let client = MeshClient(service: "test", discovery: discovery, logger: quietLogger)
            try await client.waitUntil(deadline: .after(.seconds(40))) { $0.contains(where: \.isReady) }
            for _ in 0..<(runsLongTests ? 25 : 3) {
                let address = try #require(discovery.endpoints(of: "test").first?.address)
                let path = String(address.dropFirst("ipc://".count))
                let storms = (0..<4).map { _ in
                    // A peer that closes without a word, some with the half of a handshake.
                    Thread {
                        for round in 0..<100 {
                            if let peer = try? WirePeer(connectingTo: path), round % 3 == 0 { peer.write([0, 0x53]) }
                        }
                    }
                }
                for storm in storms { storm.join() }
                // A client that knows nobody yet finds it: at the old place, or where the watchdog has moved it.
                let later = try Discovery(directory: directory, logger: quietLogger)
                let newcomer = MeshClient(service: "test", discovery: later, logger: quietLogger)
                #expect(await Self.answers(newcomer))
                await newcomer.shutdown()
                later.shutdown()
                // Those that were connected find it too.
                #expect(await Self.answers(client))
            }
            await client.shutdown()
            discovery.shutdown()
            peer.kill()
            _ = peer.wait()
        }
    }

    /// A listener that has died takes connections and does nothing with them: calls over those run out of time, until it is replaced.
    private static func answers(_ client: MeshClient) async -> Bool {
        let end = Deadline.after(.seconds(20))
        while !end.isExpired {
            if let answer = try? await client.echo("new", deadline: .after(.milliseconds(500))) { return answer == "new" }
        }
        return false
    }

    @Test("A second listener on the path of a live one neither takes it over nor silences it")
    func secondListener() async throws {
        try await withServer([TestService.echoMethod]) { client, server, _ in
            let second = MeshServer(
                service: "test", version: "2", address: server.address, methods: [TestService.echoMethod], logger: quietLogger)
            let error = await #expect(throws: MeshError.self) { try await second.start() }
            #expect(error?.code == .unavailable)
            let answer = try await client.echo()
            #expect(answer == "hello")
        }
    }

    @Test("The killing of a peer ends the calls that wait for it, within moments and with UNAVAILABLE")
    func killedPeer() async throws {
        try await withMeshDirectory { directory in
            let peer = try Child.test("peerProcess", environment: ["MESH_TEST_PEER": directory])
            let discovery = try Discovery(directory: directory, logger: quietLogger)
            let client = MeshClient(service: "test", discovery: discovery, logger: quietLogger)
            try await client.waitUntil(deadline: .after(.seconds(40))) { $0.contains(where: \.isReady) }
            // These are never answered.
            let calls = (0..<100).map { _ in Task { try await client.echo("", TestService.once, deadline: .after(.seconds(40))) } }
            while client.state.first?.inFlight != 100 { await Task.yield() }
            let answer = try await client.echo("before", TestService.echo)
            #expect(answer == "before")
            let start = Deadline.now
            peer.kill()
            for call in calls {
                let error = await #expect(throws: MeshError.self) { try await call.value }
                #expect(error?.code == .unavailable)
            }
            #expect(start.advanced(by: .seconds(10)) > .now)
            #expect(peer.wait() == -SIGKILL)
            // The entry of the dead process goes, and a new one is found.
            let next = try Child.test("peerProcess", environment: ["MESH_TEST_PEER": directory])
            let pid = next.pid
            try await client.waitUntil(deadline: .after(.seconds(40))) { $0.count == 1 && $0[0].pid == pid && $0[0].isReady }
            let after = try await client.echo("after")
            #expect(after == "after")
            next.kill()
            _ = next.wait()
            await client.shutdown()
            discovery.shutdown()
        }
    }

    @Test("A server lives on when a caller doesn't read its replies, and answers others")
    func callerThatDoesNotRead() async throws {
        let size = 200_000
        let method = MeshMethod(TestService.once) { (_: Note, _) in Note([UInt8](repeating: 1, count: size)) }
        try await withServer([method, TestService.echoMethod], configuration: .init(maximumConcurrency: 8)) { client, server, _ in
            let peer = try WirePeer(connectingTo: String(server.address.dropFirst("ipc://".count)))
            try peer.handshake(as: WirePeer.request)
            var call = [UInt8](repeating: 0, count: Envelope.size)
            let envelope = Envelope(kind: .call, method: TestService.once.id, instant: Deadline.after(.seconds(60)).nanoseconds)
            unsafe call.withUnsafeMutableBytes { unsafe envelope.write(to: $0) }
            // One fills the connection, the next waits behind it in a context; the contexts that are left serve others.
            for index in 0..<6 { peer.writeMessage([0x80, 0, 0, UInt8(index)] + call) }
            for round in 0..<200 {
                let answer = try await client.echo("\(round)")
                #expect(answer == "\(round)")
            }
            // When it reads at last, all six replies are there.
            for _ in 0..<6 { #expect(peer.readMessage()?.count == 4 + Envelope.size + size) }
        }
    }

    @Test("Processes that are started while calls are in flight disturb none of them")
    func spawning() async throws {
        try await withServer([TestService.echoMethod]) { client, _, _ in
            let ends = Counter()
            try await withThrowingTaskGroup(of: Void.self) { group in
                for worker in 0..<4 {
                    group.addTask {
                        var count = 0
                        while ends.count == 0 {
                            let answer = try await client.echo("\(worker).\(count)")
                            #expect(answer == "\(worker).\(count)")
                            count += 1
                        }
                    }
                }
                for _ in 0..<10 { #expect(try Child("/bin/true", []).wait() == 0) }
                ends.add()
                try await group.waitForAll()
            }
        }
    }

    @Test("A step of the wall clock, an hour on and a day back, moves no deadline")
    func clockStep() async throws {
        let library = ["x86_64", "aarch64"].map { "/usr/lib/\($0)-linux-gnu/faketime/libfaketimeMT.so.1" }
            .first { (path: String) in unsafe access(path, R_OK) == 0 }
        guard let library else { return print("skipped: the test of clock steps needs libfaketime") }
        // Both replace the clock's functions, and wait for each other at the start.
        guard !isSet("THREAD_SANITIZER") else { return print("skipped: the thread sanitizer doesn't get along with libfaketime") }
        try await withMeshDirectory { directory in
            try #require(unsafe mkdir(directory, 0o700) == 0)
            let file = "\(directory)/clock"
            try FakeClock.set(file, "+0")
            let child = try Child.test(
                "steppedClock",
                environment: [
                    "MESH_TEST_CLOCK": directory, "LD_PRELOAD": library, "FAKETIME_TIMESTAMP_FILE": file, "FAKETIME_NO_CACHE": "1",
                    "DONT_FAKE_MONOTONIC": "1", "FAKETIME_DONT_FAKE_MONOTONIC": "1",
                ])
            #expect(child.wait() == 0)
            // The child has run its test to the end.
            #expect(unsafe access("\(directory)/done", F_OK) == 0)
        }
    }

    @Test("100,000 calls, half of them cancelled: none is lost, hangs or gets another's cancellation", .enabled(if: runsLongTests))
    func cancelStorm() async throws {
        try await withServer([TestService.echoMethod]) { client, _, _ in
            let outcomes = await Storm.run(client, workers: 32, rounds: 3125)
            #expect(outcomes.wrong == 0)
            #expect(outcomes.answered + outcomes.cancelled == 100_000)
            #expect(outcomes.answered >= 50_000)
            #expect(client.state.map(\.inFlight) == [0])
        }
    }
}

/// Calls at random moments cancelled.
struct Storm {
    var answered = 0
    var cancelled = 0
    var wrong = 0

    static func run(_ client: MeshClient, workers: Int, rounds: Int) async -> Storm {
        await withTaskGroup(of: Storm.self) { group in
            for worker in 0..<workers {
                group.addTask {
                    var storm = Storm()
                    for round in 0..<rounds {
                        let text = "\(worker).\(round)"
                        let call = Task { try await client.echo(text) }
                        let cancels = round % 2 == 0
                        if cancels {
                            for _ in 0..<(worker &* 31 &+ round) % 7 { await Task.yield() }
                            call.cancel()
                        }
                        do {
                            if try await call.value == text { storm.answered += 1 } else { storm.wrong += 1 }
                        } catch {
                            let isCancellation = (error as? MeshError)?.code == .cancelled
                            if cancels, isCancellation { storm.cancelled += 1 } else { storm.wrong += 1 }
                        }
                    }
                    return storm
                }
            }
            return await group.reduce(into: Storm()) { sum, storm in
                sum.answered += storm.answered
                sum.cancelled += storm.cancelled
                sum.wrong += storm.wrong
            }
        }
    }
}

enum FakeClock {
    /// Sets the wall clock of a process under libfaketime.
    static func set(_ file: String, _ offset: String) throws {
        let descriptor = unsafe open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        try #require(descriptor >= 0)
        let bytes = Array(offset.utf8)
        #expect(unsafe write(descriptor, bytes, bytes.count) == bytes.count)
        close(descriptor)
    }
}

/// What other tests run in a process of its own.
@Suite("Other processes", .timeLimit(.minutes(5)))
struct OtherProcesses {
    private static func variable(_ name: String) -> String? { unsafe getenv(name).map { unsafe String(cString: $0) } }

    /// Answers echoes, and nothing else, until it is killed.
    @Test("A replica for other tests", .enabled(if: isSet("MESH_TEST_PEER")))
    func peerProcess() async throws {
        let directory = try #require(Self.variable("MESH_TEST_PEER"))
        let never = MeshMethod(TestService.once) { (note: Note, _) in
            await Gate().pass()
            return note
        }
        let server = MeshServer(
            service: "test", version: "1", directory: directory, methods: [TestService.echoMethod, never], logger: quietLogger)
        try await server.start()
        await Gate().pass()
    }

    @Test("Deadlines while the wall clock steps", .enabled(if: isSet("MESH_TEST_CLOCK")))
    func steppedClock() async throws {
        let directory = try #require(Self.variable("MESH_TEST_CLOCK"))
        let before = time(nil)
        let gate = Gate()
        let slow = MeshMethod(TestService.once) { (note: Note, _) in
            await gate.pass()
            return note
        }
        try await withServer([slow, TestService.echoMethod]) { client, _, _ in
            let long = Task { try await client.echo("long", TestService.once, deadline: .after(.seconds(60))) }
            let start = Deadline.now
            let short = Task { try await client.echo("short", TestService.once, deadline: start.advanced(by: .seconds(2))) }
            await gate.arrivals(2)
            try FakeClock.set("\(directory)/clock", "+3600")
            let later = time(nil)
            #expect(later - before > 3000)
            let answer = try await client.echo("an hour later")
            #expect(answer == "an hour later")
            try FakeClock.set("\(directory)/clock", "-86400")
            let error = await #expect(throws: MeshError.self) { try await short.value }
            #expect(error?.code == .deadlineExceeded)
            #expect(start.advanced(by: .seconds(2)).isExpired)
            #expect(start.advanced(by: .seconds(20)) > .now)
            gate.open()
            let reply = try await long.value
            #expect(reply == "long")
        }
        try FakeClock.set("\(directory)/done", "")
    }
}
