import ArgumentParser
import Domain
import Foundation
import Overview
import Storage
import Supervision

struct Status: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "What runs, what is wrong, and what to do about it.",
        discussion: "Exit status 0 when everything runs and is well, 1 otherwise.")

    @OptionGroup var folder: FolderOptions
    @OptionGroup var output: OutputOptions

    private struct Report: Encodable {
        var state: String
        var supervisorPID: Int32?
        var address: String?
        var people: Int?
        var processes: [Process] = []
        /// A sentence each: what is wrong, and what to do.
        var problems: [String] = []

        struct Process: Encodable {
            var service: String
            var replica: String
            var pid: Int32?
            var state: String
            var restarts: Int
            var uptimeSeconds: Int?
            var log: String

            enum CodingKeys: String, CodingKey {
                case service, replica, pid, state, restarts, log
                case uptimeSeconds = "uptime_seconds"
            }
        }

        enum CodingKeys: String, CodingKey {
            case state, address, people, processes, problems
            case supervisorPID = "supervisor_pid"
        }
    }

    func run() async throws {
        let report = await self.report()
        if self.output.json { try JSONOutput.print(report) } else { self.show(report) }
        if !report.problems.isEmpty { throw ExitCode(1) }
    }

    private func report() async -> Report {
        let folder = self.folder.folder
        guard FolderLock.isHeld(folder.lock) else {
            return Report(state: "stopped", problems: ["Nothing runs in \(folder.root): start it with duet up."])
        }
        let supervisor = StateFile.read(folder.state)?.supervisor?.pid
        let reply: ControlReply
        do {
            reply = try await ControlClient.send(ControlRequest(.status), to: folder.control, timeout: .seconds(10))
        } catch {
            let problem = "\(error.message) It may be starting or stopping; \(folder.supervisorLog) says more."
            return Report(state: "starting", supervisorPID: supervisor, problems: [problem])
        }
        let services = reply.services ?? []
        let address = reply.places?["address"]
        var report = Report(state: address == nil ? "starting" : "running", supervisorPID: supervisor, address: address)
        for service in services {
            for process in service.processes {
                report.processes.append(
                    Report.Process(
                        service: service.name, replica: process.name, pid: process.pid,
                        state: process.phase == .ready ? "running" : process.phase.rawValue, restarts: process.restarts,
                        uptimeSeconds: process.uptimeSeconds, log: process.logFile))
                report.problems += await self.problems(of: process, in: folder)
            }
            if service.processes.count < service.wanted {
                report.problems.append(
                    "\(service.name) has \(service.processes.count) of \(service.wanted) replicas: "
                        + "duet scale \(service.name)=\(service.wanted) starts the rest.")
            }
        }
        if address == nil { report.problems.append("It is starting: wait, or look at \(folder.supervisorLog).") }
        if let database = reply.places?["database"] { report.people = try? await self.people(in: database) }
        return report
    }

    private func people(in database: String) async throws -> Int {
        let stores = try Stores(database: database, redis: nil, logger: .quiet)
        do {
            let count = try await stores.storage.users.count()
            await stores.close()
            return count
        } catch {
            await stores.close()
            throw error
        }
    }

    private func problems(of process: ProcessStatus, in folder: DataFolder) async -> [String] {
        guard process.phase == .ready else {
            let end = process.lastExit.map { " (it \($0))" } ?? ""
            let remedy = "it is started again by itself, \(process.logFile) says why it ended"
            return ["\(process.name) is \(process.phase.rawValue)\(end): \(remedy)."]
        }
        let socket = folder.healthSocket(process.name)
        guard process.name != "redis", FileSystem.exists(socket) else { return [] }
        do {
            let response = try await HTTPProbe.get(.unix(path: socket), "/health", timeout: .seconds(3))
            guard response.status != 200 else { return [] }
            let health = try? JSONDecoder().decode(Health.self, from: Data(response.body))
            let checks = (health?.checks ?? [:]).filter { !["healthy", "ready"].contains($0.value) }.sorted { $0.key < $1.key }
            return checks.map { "\(process.name): \($0.key) is \($0.value); it recovers by itself once \($0.key) is back." }
        } catch {
            return ["\(process.name) does not answer (\(error)): look at \(process.logFile)."]
        }
    }

    private struct Health: Decodable {
        var checks: [String: String]
    }

    private func show(_ report: Report) {
        let console = Console.standardOutput
        let rows = report.processes.map { process in
            [
                process.replica, process.state, process.pid.map { "pid \($0)" } ?? "",
                process.restarts == 1 ? "1 restart" : "\(process.restarts) restarts",
                process.uptimeSeconds.map { "up \(Format.duration(.seconds($0)))" } ?? "",
            ]
        }
        for line in Format.table(rows) { console.line(line) }
        let people = report.people.map { "\(Format.count($0)) people" }
        let summary = [report.address, people].compactMap(\.self).joined(separator: ", ")
        if !summary.isEmpty { console.line(summary) }
        for problem in report.problems { console.line("✗ \(problem)") }
        if report.problems.isEmpty { console.line("Everything is well.") }
    }
}
