import Glibc
import Mesh
import Testing

@Suite("Replicas", .timeLimit(.minutes(1)))
struct ReplicaTests {
    private func server(_ name: String, _ directory: String, _ extra: [MeshMethod] = []) -> MeshServer {
        let who = MeshMethod(TestService.echo) { (_: Note, _) in Note(name) }
        return MeshServer(service: "test", version: name, directory: directory, methods: [who] + extra, logger: quietLogger)
    }

    @Test("Two replicas share the calls; when one goes, no call fails")
    func balance() async throws {
        try await withMeshDirectory { directory in
            let gate = Gate()
            func held(_ name: String) -> MeshMethod {
                MeshMethod(TestService.once) { (_: Note, _) in
                    await gate.pass()
                    return Note(name)
                }
            }
            let (first, second) = (self.server("a", directory, [held("a")]), self.server("b", directory, [held("b")]))
            try await first.start()
            try await second.start()
            let discovery = try Discovery(directory: directory, logger: quietLogger)
            let client = MeshClient(service: "test", discovery: discovery, logger: quietLogger)
            try await client.waitForReady(2)
            // Held calls go to whichever replica has fewer.
            let calls = (0..<40).map { _ in Task { try await client.echo("", TestService.once) } }
            await gate.arrivals(40)
            #expect(client.state.allSatisfy { (15...25).contains($0.inFlight) })
            gate.open()
            var names: Set<String> = []
            for call in calls { names.insert(try await call.value) }
            #expect(names == ["a", "b"])

            async let drained: Void = first.drain()
            var after: [String] = []
            for _ in 0..<200 { after.append(try await client.echo()) }
            await drained
            #expect(after.last == "b")
            try await client.waitUntil(deadline: .after(.seconds(10))) { $0.map(\.version) == ["b"] }
            await client.shutdown()
            await second.drain()
            discovery.shutdown()
        }
    }

    @Test("A drain loses no call, and those that began are answered")
    func drain() async throws {
        let gate = Gate()
        let slow = MeshMethod(TestService.once) { (note: Note, _) in
            await gate.pass()
            return note
        }
        try await withServer([slow, TestService.echoMethod]) { client, server, _ in
            let calls = (0..<20).map { index in Task { try await client.echo("\(index)", TestService.once) } }
            await gate.arrivals(20)
            let drain = Task { await server.drain() }
            // The entry goes; the client takes no new call there, and keeps what is in flight.
            try await client.waitUntil(deadline: .after(.seconds(10))) { $0.allSatisfy { !$0.isReady } }
            #expect(server.isDraining)
            gate.open()
            for (index, call) in calls.enumerated() {
                let answer = try await call.value
                #expect(answer == "\(index)")
            }
            await drain.value
            #expect(server.inFlight == 0)
            let error = await #expect(throws: MeshError.self) { try await client.echo() }
            #expect(error?.code == .unavailable)
        }
    }

    @Test("A drain ends at its limit even when a handler doesn't")
    func drainTimeout() async throws {
        let gate = Gate()
        let stuck = MeshMethod(TestService.once) { (note: Note, _) in
            await gate.pass()
            return note
        }
        try await withServer([stuck], configuration: .init(drainTimeout: .milliseconds(50))) { client, server, _ in
            let call = Task { try await client.echo("", TestService.once) }
            await gate.arrivals(1)
            await server.drain()
            let error = await #expect(throws: MeshError.self) { try await call.value }
            #expect(error?.code == .unavailable)
            gate.open()
        }
    }

    @Test("A call made before any replica is there waits for the first")
    func waitsForFirst() async throws {
        try await withMeshDirectory { directory in
            let discovery = try Discovery(directory: directory, logger: quietLogger)
            let client = MeshClient(service: "test", discovery: discovery, logger: quietLogger)
            let none = await #expect(throws: MeshError.self) { try await client.echo(deadline: .after(.milliseconds(20))) }
            #expect(none?.code == .unavailable)
            async let reply = client.echo()
            let server = self.server("late", directory)
            try await server.start()
            let answer1 = try await reply
            #expect(answer1 == "late")
            await client.shutdown()
            await server.drain()
            discovery.shutdown()
        }
    }

    @Test("A server that moves to a new address stays reachable, and its calls in flight are answered")
    func relocation() async throws {
        let gate = Gate()
        let slow = MeshMethod(TestService.once) { (note: Note, _) in
            await gate.pass()
            return note
        }
        try await withServer([slow, TestService.echoMethod]) { client, server, _ in
            let call = Task { try await client.echo("old", TestService.once) }
            await gate.arrivals(1)
            let before = server.address
            await server.relocate()
            #expect(server.address != before)
            let address = server.address
            try await client.waitUntil(deadline: .after(.seconds(10))) { $0.contains { $0.address == address && $0.isReady } }
            let answer2 = try await client.echo("new")
            #expect(answer2 == "new")
            gate.open()
            let answer3 = try await call.value
            #expect(answer3 == "old")
        }
    }

    @Test("Replicas at fixed addresses work without a directory")
    func inproc() async throws {
        let address = "inproc://mesh-test-\(UInt32.random(in: .min ... .max))"
        let server = MeshServer(
            service: "test", version: "1", address: address, methods: [TestService.echoMethod], logger: quietLogger)
        try await server.start()
        let client = MeshClient(
            service: "test", discovery: Discovery(static: [Endpoint(service: "test", address: address)]), logger: quietLogger)
        let answer4 = try await client.echo()
        #expect(answer4 == "hello")
        await client.shutdown()
        await server.drain()
    }

    @Test("After its shutdown a client refuses calls")
    func shutdown() async throws {
        try await withServer([TestService.echoMethod]) { client, _, _ in
            await client.shutdown()
            let error = await #expect(throws: MeshError.self) { try await client.echo() }
            #expect(error?.code == .unavailable)
        }
    }

    @Test("The entries of dead processes are swept, those of others and strange files left alone")
    func sweep() async throws {
        try await withMeshDirectory { directory in
            let discovery = try Discovery(directory: directory, logger: quietLogger)
            discovery.shutdown()
            // A process that is gone for certain: a child that was waited for.
            var child: pid_t = 0
            var arguments: [UnsafeMutablePointer<CChar>?] = unsafe [strdup("true"), nil]
            let spawned = unsafe posix_spawn(&child, "/bin/true", nil, nil, &arguments, nil)
            unsafe free(arguments[0])
            try #require(spawned == 0)
            let waited = waitpid(child, nil, 0)
            #expect(waited == child)
            func write(_ name: String, _ text: String) throws {
                let descriptor = unsafe open("\(directory)/\(name)", O_WRONLY | O_CREAT, 0o600)
                try #require(descriptor >= 0)
                let bytes = Array(text.utf8)
                let written = unsafe Glibc.write(descriptor, bytes, bytes.count)
                #expect(written == bytes.count)
                close(descriptor)
            }
            func entry(_ pid: pid_t) -> String {
                #"{"service":"test","version":"1","weight":2,"pid":\#(pid),"socket":"test-\#(pid)-x.sock","started":1}"#
            }
            try write("dead.json", entry(child))
            try write("alive.json", entry(getpid()))
            try write("strange.json", "{]")
            let again = try Discovery(directory: directory, logger: quietLogger)
            #expect(again.endpoints(of: "test").map(\.name) == ["alive"])
            #expect(again.endpoints(of: "test").first?.weight == 2)
            let (dead, strange) = unsafe (access("\(directory)/dead.json", F_OK), access("\(directory)/strange.json", F_OK))
            #expect(dead != 0)
            #expect(strange == 0)
            again.shutdown()
        }
    }

    @Test("A directory whose sockets would have too long a path is refused with a sentence")
    func longPath() async throws {
        try await withMeshDirectory { directory in
            let long = directory + "/" + String(repeating: "x", count: 90)
            let server = self.server("a", long)
            let error = await #expect(throws: MeshError.self) { try await server.start() }
            #expect(error?.code == .invalidArgument)
            #expect(error?.message.contains("107") == true)
            unsafe rmdir(long)
        }
    }
}
