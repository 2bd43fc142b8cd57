import Foundation

/// A contestant's server, which runs from the first round to the last.
final class Server {
    let contestant: Contestant
    private let address: String
    private let process = Process()

    /// Starts it and waits until it says that it is ready.
    init(_ contestant: Contestant, address: String) throws {
        self.contestant = contestant
        self.address = address
        let output = Pipe()
        self.process.executableURL = URL(filePath: contestant.program)
        self.process.arguments = ["server", address] + contestant.arguments
        self.process.standardOutput = output
        try self.process.run()
        let line = String(decoding: output.fileHandleForReading.availableData, as: UTF8.self)
        guard line.hasPrefix("ready") else {
            self.stop()
            throw Options.Failure(description: "\(contestant.name) doesn't start: \(line)")
        }
    }

    func measure(_ load: Load, milliseconds: Int) throws -> Measurement {
        let client = Process()
        let output = Pipe()
        client.executableURL = URL(filePath: self.contestant.program)
        let numbers = [Int(self.process.processIdentifier), load.request, load.reply, load.inFlight, milliseconds]
        client.arguments = ["client", self.address] + numbers.map(String.init) + self.contestant.arguments
        client.standardOutput = output
        try client.run()
        // A client that hangs must not hang the benchmark.
        let pid = client.processIdentifier
        let limit = DispatchWorkItem { kill(pid, SIGKILL) }
        DispatchQueue.global().asyncAfter(deadline: .now() + .milliseconds(milliseconds + 20_000), execute: limit)
        defer { limit.cancel() }
        let data = output.fileHandleForReading.readDataToEndOfFile()
        client.waitUntilExit()
        guard client.terminationStatus == 0, let result = try? JSONDecoder().decode(Measurement.self, from: data) else {
            let text = String(decoding: data.prefix(200), as: UTF8.self)
            throw Options.Failure(description: "\(self.contestant.name), \(load.title): status \(client.terminationStatus) \(text)")
        }
        return result
    }

    func stop() {
        guard self.process.isRunning else { return }
        kill(self.process.processIdentifier, SIGKILL)
        self.process.waitUntilExit()
    }
}
