import Foundation
import Glibc
import Synchronization
import Testing

/// A whole Duet under test: the release executables in a folder and on a port of their own.
final class Installation: Sendable {
    let folder: URL
    let port: UInt16
    let token: String

    private static let products = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()

    /// Starts everything on a simulated community and returns when it serves.
    init(people: Int = 600, interactions: Int = 12_000, extra: [String] = [], environment: [String: String] = [:]) throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "duet-e2e-\(getpid())-\(UInt32.random(in: 0 ..< .max))")
        self.folder = folder
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        Self.folders.withLock { $0.append(folder) }
        Self.atExit
        self.port = try Self.freePort()
        let data = self.folder.appending(path: "data").path
        let simulated = try Self.run(
            ["simulate", "--people", "\(people)", "--interactions", "\(interactions)", "--seed", "7", "--out", data])
        try #require(simulated.status == 0, "\(simulated.output)")
        let started = try Self.run(Self.up(self.folder, self.port) + ["--data", data] + extra, timeout: 300, environment: environment)
        try #require(started.status == 0, "\(started.output)")
        let minted = try Self.run(["token", "--role", "service", "--dir", Self.store(self.folder)])
        try #require(minted.status == 0, "\(minted.output)")
        self.token = String(minted.output.split(separator: "\n").last ?? "")
    }

    /// Installations are shared by the tests of a suite, so they end with the process.
    private static let atExit: Void = {
        atexit {
            for folder in Installation.folders.withLock({ $0 }) {
                _ = try? Installation.run(["down", "--dir", Installation.store(folder)])
                try? FileManager.default.removeItem(at: folder)
            }
        }
    }()
    private static let folders = Mutex<[URL]>([])

    func client(token: String? = nil) -> HTTPClient { HTTPClient(port: self.port, token: token ?? self.token) }

    /// Runs `duet` on this installation's data folder.
    @discardableResult
    func duet(_ arguments: [String], timeout: Int = 120) throws -> (status: Int32, output: String) {
        try Self.run(arguments + ["--dir", Self.store(self.folder)], timeout: timeout)
    }

    func up(timeout: Int = 120) throws -> (status: Int32, output: String) { try Self.run(Self.up(self.folder, self.port), timeout: timeout) }

    /// `duet status --json`.
    func status() throws -> [String: Any] {
        let answer = try self.duet(["status", "--json"])
        let last = answer.output.drop { $0 != "{" }
        return try #require(try JSONSerialization.jsonObject(with: Data(last.utf8)) as? [String: Any], "\(answer.output)")
    }

    /// Process ids of the running replicas of one service.
    func processes(of service: String) throws -> [pid_t] {
        let processes = try #require(try self.status()["processes"] as? [[String: Any]])
        return processes.filter { $0["service"] as? String == service && $0["state"] as? String == "running" }
            .compactMap { ($0["pid"] as? Int).map { pid_t($0) } }
    }

    private static func store(_ folder: URL) -> String { folder.appending(path: "store").path }

    private static func up(_ folder: URL, _ port: UInt16) -> [String] {
        ["up", "--detach", "--dir", Self.store(folder), "--port", "\(port)"]
    }

    static func run(
        _ arguments: [String], timeout: Int = 120, environment: [String: String] = [:]
    ) throws -> (status: Int32, output: String) {
        let process = Process()
        process.executableURL = Self.products.appending(path: "duet")
        process.arguments = arguments
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { _, new in new }
        let sink = FileManager.default.temporaryDirectory.appending(path: "duet-out-\(UUID().uuidString)")
        _ = FileManager.default.createFile(atPath: sink.path, contents: nil)
        defer { try? FileManager.default.removeItem(at: sink) }
        let handle = try FileHandle(forWritingTo: sink)
        process.standardOutput = handle
        process.standardError = handle
        process.standardInput = FileHandle.nullDevice
        try process.run()
        let watchdog = DispatchWorkItem { process.terminate() }
        DispatchQueue.global().asyncAfter(deadline: .now() + .seconds(timeout), execute: watchdog)
        process.waitUntilExit()
        watchdog.cancel()
        try handle.close()
        return (process.terminationStatus, String(decoding: try Data(contentsOf: sink), as: UTF8.self))
    }

    private static func freePort() throws -> UInt16 {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let status = unsafe withUnsafeMutablePointer(to: &address) {
            unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                unsafe bind(descriptor, pointer, length) == 0 ? unsafe getsockname(descriptor, pointer, &length) : -1
            }
        }
        guard status == 0 else { throw HTTPFailure.connect(errno) }
        return UInt16(bigEndian: address.sin_port)
    }
}

/// Waits until `condition` holds; fails the test when it doesn't within `seconds`. Returns the seconds it took.
@discardableResult
func eventually(within seconds: Double, _ what: String, _ condition: () throws -> Bool) throws -> Double {
    let start = ContinuousClock.now
    while true {
        if (try? condition()) == true { return (ContinuousClock.now - start) / .seconds(1) }
        guard ContinuousClock.now - start < .seconds(seconds) else {
            Issue.record("\(what): not within \(seconds) s")
            return seconds
        }
        usleep(20_000)
    }
}
