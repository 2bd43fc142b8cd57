import Glibc
import Supervision
import Synchronization
import Testing

@Suite struct SupervisorTests {
    private let folder: ScratchFolder
    private let spawner = Spawner()
    private let entries = Entries()

    init() throws { self.folder = try ScratchFolder() }

    final class Entries: Sendable {
        private let latest = Mutex<[StateFile.Entry]>([])
        func set(_ entries: [StateFile.Entry]) { self.latest.withLock { $0 = entries } }
        var all: [StateFile.Entry] { self.latest.withLock { $0 } }
    }

    private func supervisor() -> Supervisor {
        Supervisor(
            spawner: self.spawner, policy: .init(initialDelay: .milliseconds(1), maximumDelay: .milliseconds(20)), logger: quietLogger,
            onChange: { [entries] in entries.set($0) })
    }

    private func pid(_ supervisor: Supervisor, _ name: String) async -> Int32? {
        await supervisor.status.flatMap(\.processes).first { $0.name == name }?.pid
    }

    @Test("Services start in order, each once the one before is ready, and stop in reverse")
    func order() async throws {
        let supervisor = self.supervisor()
        for name in ["store", "feature", "gateway"] { try await supervisor.start(self.folder.service(name)) }
        #expect(self.folder.lines("trace") == ["start store-1", "start feature-1", "start gateway-1"])
        #expect(await supervisor.status.map(\.isWhole) == [true, true, true])
        await supervisor.stopAll()
        #expect(
            self.folder.lines("trace").suffix(3) == ["stop gateway-1", "stop feature-1", "stop store-1"])
        #expect(await supervisor.status.isEmpty)
        self.spawner.close()
    }

    @Test("Services that are started together are ready together and stop in reverse")
    func together() async throws {
        let supervisor = self.supervisor()
        let ready = Mutex<Set<String>>([])
        // Neither is ready before the other has begun.
        let specs = [("first", "second"), ("second", "first")].map { name, other in
            var spec = self.folder.service(name)
            let file = "\(self.folder.path)/\(other)-1.up"
            let process = spec.process
            spec.process = { number in
                var changed = process(number)
                changed.readiness = ReadinessProbe(interval: .milliseconds(5)) { FileSystem.exists(file) }
                return changed
            }
            return spec
        }
        try await supervisor.start(together: specs) { spec in ready.withLock { _ = $0.insert(spec.name) } }
        #expect(ready.withLock { $0 } == ["first", "second"])
        #expect(await supervisor.status.map(\.name) == ["first", "second"])
        #expect(await supervisor.status.map(\.isWhole) == [true, true])
        await supervisor.stopAll()
        #expect(self.folder.lines("trace").suffix(2) == ["stop second-1", "stop first-1"])
        self.spawner.close()
    }

    @Test("A killed replica is back, the others are left alone")
    func restart() async throws {
        let supervisor = self.supervisor()
        try await supervisor.start(self.folder.service("ranking", replicas: 2))
        let killed = try #require(await self.pid(supervisor, "ranking-1"))
        let other = try #require(await self.pid(supervisor, "ranking-2"))
        kill(killed, SIGKILL)
        let isBack = await eventually {
            let process = await supervisor.status.flatMap(\.processes).first { $0.name == "ranking-1" }
            return process?.phase == .ready && process?.pid != killed
        }
        #expect(isBack)
        let statuses = await supervisor.status.flatMap(\.processes)
        #expect(statuses.map(\.restarts) == [1, 0])
        #expect(statuses[0].lastExit == "was ended by signal 9")
        #expect(statuses[1].pid == other)
        await supervisor.stopAll()
        self.spawner.close()
    }

    @Test("Stopping ends a process at whatever point of its restart it is", .timeLimit(.minutes(1)))
    func stopDuringRestart() async throws {
        for round in 0..<20 {
            let supervisor = self.supervisor()
            try await supervisor.start(self.folder.service("ranking"))
            let killed = try #require(await self.pid(supervisor, "ranking-1"))
            kill(killed, SIGKILL)
            for _ in 0..<round * 20 { await Task.yield() }
            await supervisor.stopAll()
            #expect(await supervisor.status.isEmpty)
            #expect(self.entries.all.allSatisfy { !$0.identity.isAlive })
        }
        self.spawner.close()
    }

    @Test("Scaling starts the lowest free numbers, stops the highest, and touches nothing else")
    func scale() async throws {
        let supervisor = self.supervisor()
        try await supervisor.start(self.folder.service("candidate", replicas: 2))
        try await supervisor.start(self.folder.service("ranking", replicas: 1))
        let ranking = await self.pid(supervisor, "ranking-1")
        let first = await self.pid(supervisor, "candidate-1")
        try await supervisor.scale("candidate", to: 4)
        #expect(await supervisor.status[0].processes.map(\.name) == (1...4).map { "candidate-\($0)" })
        #expect(await supervisor.status[0].isWhole)
        try await supervisor.scale("candidate", to: 1)
        #expect(await supervisor.status[0].processes.map(\.name) == ["candidate-1"])
        #expect(await self.pid(supervisor, "candidate-1") == first)
        #expect(await self.pid(supervisor, "ranking-1") == ranking)
        let stopped = Set(self.folder.lines("trace").filter { $0.hasPrefix("stop") })
        #expect(stopped == ["stop candidate-2", "stop candidate-3", "stop candidate-4"])
        await supervisor.stopAll()
        self.spawner.close()
    }

    @Test("Draining stops the one process that is named, for good, and never the last of its service")
    func drain() async throws {
        let supervisor = self.supervisor()
        try await supervisor.start(self.folder.service("ranking", replicas: 3))
        try await supervisor.drain("ranking-2")
        #expect(await supervisor.status[0].processes.map(\.name) == ["ranking-1", "ranking-3"])
        #expect(await supervisor.status[0].wanted == 2)
        #expect(await supervisor.status[0].isWhole)
        try await supervisor.drain("ranking-1")
        let last = await #expect(throws: SupervisionError.self) { try await supervisor.drain("ranking-3") }
        #expect(last?.code == .refused)
        let unknown = await #expect(throws: SupervisionError.self) { try await supervisor.drain("ranking-9") }
        #expect(unknown == SupervisionError(.refused, "There is no process ranking-9."))
        #expect(self.folder.lines("trace").filter { $0.hasPrefix("stop") } == ["stop ranking-2", "stop ranking-1"])
        await supervisor.stopAll()
        self.spawner.close()
    }

    @Test(
        "What can't be scaled is refused with a sentence",
        arguments: [
            ("nobody", 2, "There is no service nobody; these can be scaled: ranking."), ("redis", 2, "redis can't be scaled."),
            ("ranking", 0, "ranking can have 1 to 64 replicas, not 0."),
        ])
    func refused(service: String, replicas: Int, sentence: String) async throws {
        let supervisor = self.supervisor()
        try await supervisor.start(self.folder.service("redis", isScalable: false))
        try await supervisor.start(self.folder.service("ranking"))
        let error = await #expect(throws: SupervisionError.self) { try await supervisor.scale(service, to: replicas) }
        #expect(error == SupervisionError(.refused, sentence))
        await supervisor.stopAll()
        self.spawner.close()
    }

    @Test("A process that ends before it is ready fails the start with its last words")
    func failedStart() async throws {
        let supervisor = self.supervisor()
        let spec = ServiceSpec(name: "bad") { _ in
            self.folder.shell("bad-1", "echo 'bad: PORT is \"x\"; allowed: numbers.' >&2; exit 3", ready: ReadinessProbe { false })
        }
        let error = await #expect(throws: SupervisionError.self) { try await supervisor.start(spec) }
        #expect(error?.code == .startFailed)
        #expect(error?.message.hasPrefix("bad-1 ended with status 3; it said: bad: PORT is \"x\"; allowed: numbers.") == true)
        #expect(self.folder.lines("trace") == ["start bad-1"])
        await supervisor.stopAll()
        self.spawner.close()
    }

    @Test("A missing program is a sentence")
    func missingProgram() async throws {
        let supervisor = self.supervisor()
        let spec = ServiceSpec(name: "none") { _ in
            ProcessSpec(name: "none-1", executable: "/nonexistent/program", logFile: "\(self.folder.path)/none.log")
        }
        let error = await #expect(throws: SupervisionError.self) { try await supervisor.start(spec) }
        #expect(error?.message.contains("/nonexistent/program: No such file or directory") == true)
        await supervisor.stopAll()
        self.spawner.close()
    }

    @Test("A process that ignores its stop signal is killed with its group once its time is up")
    func stubborn() async throws {
        let supervisor = self.supervisor()
        let file = "\(self.folder.path)/stubborn.up"
        let spec = ServiceSpec(name: "stubborn") { _ in
            var process = self.folder.shell(
                "stubborn-1", "trap '' TERM; touch '\(file)'; while :; do sleep 1000 & wait $!; done",
                ready: ReadinessProbe { FileSystem.exists(file) })
            process.stopTimeout = .milliseconds(20)
            return process
        }
        try await supervisor.start(spec)
        let pid = try #require(await self.pid(supervisor, "stubborn-1"))
        await supervisor.stopAll()
        #expect(ProcessIdentity(pid: pid) == nil)
        self.spawner.close()
    }

    @Test("A child gets the descriptors as 3 and 4, its own environment and its own process group")
    func inheritance() async throws {
        let supervisor = self.supervisor()
        let socket = try ListenSocket(host: "127.0.0.1", port: 0)
        let spec = ServiceSpec(name: "child") { _ in
            var process = self.folder.shell(
                "child-1",
                """
                ls -l /proc/$$/fd > "$DIR/fds"; cut -d' ' -f5 /proc/$$/stat > "$DIR/group"; env > "$DIR/env"; touch "$DIR/done"
                while :; do sleep 1000 & wait $!; done
                """, ready: ReadinessProbe { FileSystem.exists("\(self.folder.path)/done") })
            process.inheritedDescriptors = [socket.descriptor, socket.descriptor]
            return process
        }
        try await supervisor.start(spec)
        let pid = try #require(await self.pid(supervisor, "child-1"))
        let descriptors = self.folder.lines("fds").filter { $0.contains("socket:") }
        #expect(descriptors.count == 2)
        #expect(descriptors.first?.contains(" 3 -> ") == true)
        #expect(descriptors.last?.contains(" 4 -> ") == true)
        #expect(self.folder.lines("group") == ["\(pid)"])
        #expect(self.folder.lines("env").contains("NAME=child-1"))
        #expect(!self.folder.lines("env").contains { $0.hasPrefix("HOME=") })
        #expect(socket.port > 0)
        await supervisor.stopAll()
        self.spawner.close()
    }

    @Test("What a killed supervisor left is found by its state file and stopped; a process that only has the same number is not")
    func leftovers() async throws {
        let supervisor = self.supervisor()
        try await supervisor.start(self.folder.service("left"))
        #expect(await eventually { self.entries.all.count == 1 })
        let path = self.folder.path + "/state.json"
        try StateFile(processes: self.entries.all, places: ["redis": "unix:///r"]).write(path)
        let state = try #require(StateFile.read(path))
        #expect(state.places == ["redis": "unix:///r"])
        #expect(state.supervisor == ProcessIdentity.current)
        let entry = try #require(state.processes.first)
        #expect(entry.name == "left-1")

        // A number that was given to another process since: nothing may be sent to it.
        var stranger = entry
        stranger.identity = try Self.withOtherStart(entry.identity)
        #expect(await Leftovers.stop([stranger]).isEmpty)
        #expect(entry.identity.isAlive)

        #expect(await Leftovers.stop(state.processes) == ["left-1"])
        #expect(!entry.identity.isAlive)
        #expect(self.folder.lines("trace").contains("stop left-1"))
        await supervisor.stopAll()
        self.spawner.close()
    }

    /// The identity of a process with the same number that started at another moment.
    private static func withOtherStart(_ identity: ProcessIdentity) throws -> ProcessIdentity {
        let json = "{\"pid\":\(identity.pid),\"startTicks\":\(identity.startTicks + 1),\"bootID\":\"\(identity.bootID)\"}"
        return try JSON.decode(json)
    }
}
