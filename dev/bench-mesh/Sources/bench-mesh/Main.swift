import Foundation

/// Runs the contestants against each other, round after round, prints a table of medians and writes all figures as JSON.
///
///     bench-mesh [--rounds N] [--milliseconds N] [--json FILE] NAME=PROGRAM [ARGUMENT…] [, NAME=PROGRAM …]
@main struct Main {
    static func main() {
        do {
            let options = try Options(Array(CommandLine.arguments.dropFirst()))
            let folder = FileManager.default.temporaryDirectory.appending(path: "bench-mesh-\(getpid())")
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            defer { try? FileManager.default.removeItem(at: folder) }
            let results = try self.run(options, in: folder.path)
            self.print(results, options)
            if let path = options.json { try self.write(results, options, to: path) }
        } catch {
            FileHandle.standardError.write(Data("bench-mesh: \(error)\n".utf8))
            exit(1)
        }
    }

    /// Each round has every contestant at every load, one after the other, so that a busy machine is busy for all of them.
    private static func run(_ options: Options, in folder: String) throws -> [Key: [Measurement]] {
        let servers = try options.contestants.enumerated().map { try Server($1, address: "\(folder)/\($0)") }
        defer { for server in servers { server.stop() } }
        var results: [Key: [Measurement]] = [:]
        for round in 1...options.rounds {
            for load in Load.all {
                for server in servers {
                    let measurement = try server.measure(load, milliseconds: options.milliseconds)
                    results[Key(contestant: server.contestant.name, load: load), default: []].append(measurement)
                }
            }
            FileHandle.standardError.write(Data("round \(round) of \(options.rounds)\n".utf8))
        }
        return results
    }

    // MARK: Output

    private static func print(_ results: [Key: [Measurement]], _ options: Options) {
        Swift.print(
            "Median of \(options.rounds) interleaved rounds of \(options.milliseconds) ms; CPU: seconds of both processes per 100,000 calls; wake-ups: of their threads, a call."
        )
        for load in Load.all {
            Swift.print("\n\(load.title)")
            Swift.print(Self.line("", "CPU s", "client", "server", "p50 µs", "p99 µs", "calls/s", "wake-ups", "CPU of duet ÷ this"))
            let own = results[Key(contestant: "duet", load: load)].map { Median($0) }
            for contestant in options.contestants {
                guard let measurements = results[Key(contestant: contestant.name, load: load)] else { continue }
                let median = Median(measurements)
                Swift.print(
                    Self.line(
                        contestant.name, Self.number(median.cpu, 2), Self.number(median.clientCPU, 2), Self.number(median.serverCPU, 2),
                        Self.number(median.p50, 0), Self.number(median.p99, 0), Self.number(median.callsPerSecond, 0), Self.number(median.waits, 2),
                        own.map { Self.number($0.cpu / median.cpu, 2) } ?? ""))
            }
        }
    }

    private static func line(_ name: String, _ cells: String...) -> String {
        let widths = [8, 8, 8, 9, 9, 10, 10, 20]
        return name.padding(toLength: 16, withPad: " ", startingAt: 0)
            + zip(cells, widths).map { cell, width in String(repeating: " ", count: max(0, width - cell.count)) + cell }.joined()
    }

    private static func number(_ value: Double, _ digits: Int) -> String { String(format: "%.\(digits)f", value) }

    private struct Report: Encodable {
        struct Row: Encodable {
            let contestant: String
            let load: Load
            let median: Median
            let rounds: [Measurement]
        }

        let date: String
        let cores: Int
        let rounds: Int
        let milliseconds: Int
        let rows: [Row]
    }

    private static func write(_ results: [Key: [Measurement]], _ options: Options, to path: String) throws {
        let rows = options.contestants.flatMap { contestant in
            Load.all.compactMap { load in
                results[Key(contestant: contestant.name, load: load)].map {
                    Report.Row(contestant: contestant.name, load: load, median: Median($0), rounds: $0)
                }
            }
        }
        let report = Report(
            date: Date().ISO8601Format(), cores: ProcessInfo.processInfo.activeProcessorCount, rounds: options.rounds,
            milliseconds: options.milliseconds, rows: rows)
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        try encoder.encode(report).write(to: URL(filePath: path))
        Swift.print("\nAll figures: \(path)")
    }
}
