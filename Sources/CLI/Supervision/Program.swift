import Dispatch
import Glibc

/// Programs of the system: where they are, and running one to its end.
public enum Program {
    public static let searchPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    static let setpriv = "/usr/bin/setpriv"
    static let queue = DispatchQueue(label: "duet.programs", attributes: .concurrent)

    /// - Throws: ``SupervisionError`` with ``SupervisionError/Code/missingProgram`` that names the Debian package.
    public static func find(_ name: String, package: String, in searchPath: String = Program.searchPath) throws(SupervisionError) -> String {
        for folder in searchPath.split(separator: ":") {
            let path = "\(folder)/\(name)"
            if FileSystem.isExecutable(path) { return path }
        }
        throw SupervisionError(.missingProgram, "\(name) is not installed: install Debian's package \(package), or run `make setup`.")
    }

    /// Runs a program to its end, with `input` on standard input.
    ///
    /// - Returns: Its status and what it wrote to standard output and error.
    static func run(
        _ executable: String, _ arguments: [String], input: String = "", environment: [String: String] = ["PATH": Program.searchPath]
    ) async throws(SupervisionError) -> (status: ExitStatus, output: String) {
        // Files rather than pipes: nothing to drain while it runs, and no end that a child started meanwhile could hold open.
        let said = "/tmp/duet-\(getpid())-\(UInt64.random(in: 0 ... .max))"
        let given = said + ".in"
        try FileSystem.replace(said, with: "")
        try FileSystem.replace(given, with: input)
        defer {
            FileSystem.remove(said)
            FileSystem.remove(given)
        }
        let spec = ProcessSpec(
            name: executable, executable: executable, arguments: arguments, environment: environment, logFile: said)
        let status = await (try PosixSpawn.start(spec, input: given)).exitStatus()
        return (status, FileSystem.text(said) ?? "")
    }
}
