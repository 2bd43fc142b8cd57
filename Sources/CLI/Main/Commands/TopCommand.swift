import ArgumentParser
import Logging
import Mesh
import Overview
import Supervision

struct Top: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Traffic, latencies, hit rate, errors and the replicas' load, at a glance.",
        discussion: """
            Looks at every process's metrics and state once a second, until Ctrl-C. --once, --json or a pipe print one second of it and end.
            ewma is the time of a call as the replica's callers see it.
            """)

    @OptionGroup var folder: FolderOptions
    @OptionGroup var output: OutputOptions
    @Flag(help: "Print one frame and end.") var once = false

    func run() async throws {
        let folder = self.folder.folder
        guard FolderLock.isHeld(folder.lock) else { throw Failure("Nothing runs in \(folder.root): start it with duet up.") }
        let discovery = try Discovery(directory: folder.mesh, logger: .quiet)
        defer { discovery.shutdown() }
        let console = Console.standardOutput
        let isLive = console.isTerminal && !self.output.json && !self.once
        var looks = [try await TopLook.take(folder, discovery)]
        repeat {
            try await Task.sleep(for: .seconds(1))
            looks.append(try await TopLook.take(folder, discovery))
            // Live rates are over the last five seconds: one alone flickers.
            if looks.count > 6 { looks.removeFirst() }
            guard let first = looks.first, let last = looks.last else { continue }
            let frame = last.frame(since: first)
            if self.output.json {
                try JSONOutput.print(frame)
            } else if isLive {
                // The cursor to the corner, each line to its end, and what is below.
                console.line("\u{1B}[H" + frame.lines.map { $0 + "\u{1B}[K" }.joined(separator: "\n") + "\u{1B}[J")
            } else {
                for line in frame.lines { console.line(line) }
            }
        } while isLive
    }
}

/// All that `duet top` sees at one moment.
struct TopLook: Sendable {
    private let time: ContinuousClock.Instant
    private let processes: [ProcessStatus]
    private let mesh: MeshReport
    private let byProcess: [String: MetricsSnapshot]
    private let all: MetricsSnapshot

    /// - Throws: ``SupervisionError`` if the supervisor doesn't answer.
    static func take(_ folder: DataFolder, _ discovery: Discovery) async throws -> TopLook {
        let reply = try await ControlClient.send(ControlRequest(.status), to: folder.control, timeout: .seconds(5))
        let processes = (reply.services ?? []).flatMap(\.processes).filter { FileSystem.exists(folder.healthSocket($0.name)) }
            .filter { $0.name != "redis" }
        async let mesh = MeshReport.gather(discovery.endpoints)
        let texts = await withTaskGroup(of: (String, String?).self) { group in
            for process in processes {
                group.addTask {
                    let response = try? await HTTPProbe.get(
                        .unix(path: folder.healthSocket(process.name)), "/metrics", timeout: .seconds(1))
                    return (process.name, response?.text)
                }
            }
            var texts: [(String, String)] = []
            for await (name, text) in group { if let text { texts.append((name, text)) } }
            return texts
        }
        var all = MetricsSnapshot()
        var byProcess: [String: MetricsSnapshot] = [:]
        for (name, text) in texts {
            all.add(text)
            byProcess[name, default: MetricsSnapshot()].add(text)
        }
        return TopLook(time: .now, processes: processes, mesh: await mesh, byProcess: byProcess, all: all)
    }

    func frame(since earlier: TopLook) -> TopFrame {
        let seconds = earlier.time.duration(to: self.time) / .seconds(1)
        let replicas = self.processes.map { process in
            var replica = TopFrame.Replica(
                name: process.name, pid: process.pid, state: process.phase == .ready ? "running" : process.phase.rawValue,
                restarts: process.restarts)
            if let pid = process.pid {
                replica.inFlight = self.mesh.replicas.first { $0.pid == pid }?.inFlight.map(Int.init)
                let latencies = self.mesh.links.filter { $0.toPID == UInt32(pid) && $0.latencyMicroseconds > 0 }.map(\.latencyMicroseconds)
                if !latencies.isEmpty { replica.latencyMicroseconds = Int(latencies.reduce(0, +)) / latencies.count }
            }
            let (now, before) = (self.byProcess[process.name], earlier.byProcess[process.name])
            if let after = now?.sum("process_cpu_seconds_total"), let first = before?.sum("process_cpu_seconds_total"), after >= first {
                replica.cpuPercent = (after - first) / seconds * 100
            }
            replica.residentBytes = now?.sum("process_resident_memory_bytes").map { Int($0) }
            return replica
        }
        return TopFrame(now: self.all, earlier: earlier.all, seconds: seconds, replicas: replicas)
    }
}
