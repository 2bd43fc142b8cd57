import Foundation
import Logging
import Supervision

/// A temporary folder, removed with its owner, in which tiny shell programs leave their traces.
final class ScratchFolder: Sendable {
    let path: String

    init() throws {
        self.path = NSTemporaryDirectory() + "duet-supervision-" + UUID().uuidString.prefix(8)
        try FileManager.default.createDirectory(atPath: self.path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: self.path) }

    /// Lines of a file that programs append to.
    func lines(_ name: String) -> [String] {
        (FileSystem.text("\(self.path)/\(name)") ?? "").split(separator: "\n").map(String.init)
    }

    /// A shell program that says `start <name>` in `trace`, then runs `body`.
    func shell(_ name: String, _ body: String, ready: ReadinessProbe = .immediate) -> ProcessSpec {
        ProcessSpec(
            name: name, executable: "/bin/sh", arguments: ["-c", "echo start \(name) >> \(self.path)/trace\n\(body)"],
            environment: ["PATH": "/usr/bin:/bin", "NAME": name, "DIR": self.path], logFile: "\(self.path)/\(name).log", readiness: ready,
            startTimeout: .seconds(20), stopTimeout: .seconds(10))
    }

    /// A service whose replicas run until SIGTERM and then say `stop <name>`.
    func service(_ name: String, replicas: Int = 1, isScalable: Bool = true) -> ServiceSpec {
        ServiceSpec(name: name, replicas: replicas, isScalable: isScalable) { number in
            let file = "\(self.path)/\(name)-\(number).up"
            let body = """
                trap 'echo stop '$NAME' >> "$DIR/trace"; rm "$DIR/$NAME.up"; exit 0' TERM
                touch "$DIR/$NAME.up"
                while :; do sleep 1000 & wait $!; done
                """
            return self.shell(
                "\(name)-\(number)", body, ready: ReadinessProbe(interval: .milliseconds(5)) { FileSystem.exists(file) })
        }
    }
}

/// Looks again and again until the condition holds. The condition is what a test waits for; there is no other way to see it.
func eventually(_ condition: () async -> Bool) async -> Bool {
    let deadline = ContinuousClock.now.advanced(by: .seconds(20))
    while ContinuousClock.now < deadline {
        if await condition() { return true }
        try? await Task.sleep(for: .milliseconds(5))
    }
    return false
}

let quietLogger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
