import ArgumentParser
import Foundation
import Glibc
import ServiceRuntime
import Supervision

/// Starts `duet up` again in the background, shows what it says until everything is ready, and returns.
struct DetachedStart {
    let folder: DataFolder

    func run() async throws {
        try self.folder.create()
        let pipe = Pipe()
        let executable = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        var spec = ProcessSpec(
            name: "duet up", executable: executable,
            arguments: CommandLine.arguments.dropFirst().filter { $0 != "--detach" } + ["--relay-descriptor", "3"],
            environment: EnvironmentVariables.current, inheritedDescriptors: [pipe.fileHandleForWriting.fileDescriptor],
            logFile: self.folder.supervisorLog)
        spec.startsSession = true
        let spawner = Spawner()
        let process = try await spawner.spawn(spec)
        try pipe.fileHandleForWriting.close()
        let reader = pipe.fileHandleForReading
        let outcome = try await Blocking.run { try Self.follow(reader) }
        switch outcome {
        case .ready: return
        case .failed(let sentence): throw Failure(sentence)
        case nil:
            let end = await process.exitStatus()
            throw Failure("It \(end) before it was ready: \(LogFile.lastLine(self.folder.supervisorLog) ?? "its log is empty").")
        }
    }

    private static func follow(_ reader: FileHandle) throws -> Relay.Outcome? {
        var rest: [UInt8] = []
        while let data = try reader.read(upToCount: 4096), !data.isEmpty {
            rest += data
            while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
                let line = String(decoding: rest[..<end], as: UTF8.self)
                rest.removeSubrange(...end)
                if let outcome = Relay.Outcome(line: line) { return outcome }
                Console.standardOutput.line(line)
            }
        }
        return nil
    }
}

/// The background's end of the pipe to the `duet up --detach` that waits for it.
struct Relay: Sendable {
    /// The last line.
    enum Outcome: Sendable {
        case ready
        case failed(String)

        private static let readyMark: Character = "\u{06}"
        private static let failureMark: Character = "\u{15}"

        init?(line: String) {
            switch line.first {
            case Self.readyMark: self = .ready
            case Self.failureMark: self = .failed(String(line.dropFirst()))
            default: return nil
            }
        }

        var line: String {
            switch self {
            case .ready: String(Self.readyMark)
            case .failed(let sentence): String(Self.failureMark) + sentence.replacing("\n", with: " ")
            }
        }
    }

    let console: Console
    private let descriptor: Int32

    init(descriptor: Int32) {
        self.descriptor = descriptor
        self.console = Console(descriptor)
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
    }

    func ready() { self.end(.ready) }
    func fail(_ sentence: String) { self.end(.failed(sentence)) }

    private func end(_ outcome: Outcome) {
        self.console.line(outcome.line)
        // The number stays taken, so that later lines go nowhere rather than into another file.
        let nowhere = unsafe open("/dev/null", O_WRONLY | O_CLOEXEC)
        if nowhere >= 0 {
            dup2(nowhere, self.descriptor)
            close(nowhere)
        }
    }
}
