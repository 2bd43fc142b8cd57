import Foundation
import Testing

/// What lies in the stores of an installation, read past everything that usually reads them.
extension Installation {
    /// A variable of the running gateway's environment.
    private func gatewayVariable(_ name: String) throws -> String {
        let process = try #require(try self.processes(of: "gateway").first)
        let environment = try Data(contentsOf: URL(fileURLWithPath: "/proc/\(process)/environ"))
        let line = environment.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }.first { $0.hasPrefix("\(name)=") }
        return String(try #require(line).dropFirst(name.count + 1))
    }

    /// Runs a command line with `$DATABASE_URL` and `$REDIS_SOCKET`, and returns what it printed.
    private func shell(_ command: String) throws -> String {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        process.arguments = ["-c", command]
        let socket = try self.gatewayVariable("REDIS_URL").replacing("unix://", with: "").prefix { $0 != "?" }
        process.environment = ProcessInfo.processInfo.environment.merging([
            "DATABASE_URL": try self.gatewayVariable("DATABASE_URL"), "REDIS_SOCKET": String(socket),
        ]) { _, new in new }
        let pipe = Pipe()
        process.standardOutput = pipe
        try process.run()
        let output = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0, "\(command)")
        return String(decoding: output, as: UTF8.self)
    }

    /// All rows of PostgreSQL.
    func databaseContent() throws -> String { try self.shell(#"pg_dump --data-only "$DATABASE_URL""#) }

    /// All keys of Redis with their values.
    func cacheContent() throws -> String {
        try self.shell(
            """
            redis-cli -s "$REDIS_SOCKET" --scan | while read -r key; do
                echo "$key"
                case $(redis-cli -s "$REDIS_SOCKET" type "$key") in
                string) redis-cli -s "$REDIS_SOCKET" get "$key" ;;
                zset) redis-cli -s "$REDIS_SOCKET" zrange "$key" 0 -1 ;;
                esac
            done
            """)
    }

    /// All that the processes have written.
    func logs() throws -> String { try self.shell("cat '\(self.folder.path)'/store/logs/*") }
}
