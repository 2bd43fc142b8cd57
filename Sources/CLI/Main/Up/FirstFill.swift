import DataExchange
import Domain
import Foundation
import Logging
import Overview
import Simulation
import Storage
import Supervision
import Trainer

/// Fills an empty store: people, interactions, and a first model.
///
/// A marker file says that filling has begun. While it is there, the next start goes on with it.
struct FirstFill {
    let folder: DataFolder
    let stores: Stores
    let fill: StoreFill
    let console: Console
    let logger: Logger

    private var marker: String { self.folder.root + "/filling" }
    private var demo: String { self.folder.root + "/demo" }

    func run() async throws {
        let wasBroken = FileSystem.text(self.marker).map { $0.trimmingCharacters(in: .whitespacesAndNewlines) }
        let isEmpty = try await self.stores.storage.users.count() == 0
        switch self.fill {
        case .files(let path) where isEmpty || wasBroken == path:
            try await self.fill(from: path)
        case .files(let path):
            self.console.line("The store already holds people: \(path) is not read. duet import adds it.")
        case .demo where isEmpty || wasBroken == self.demo:
            if wasBroken == nil || !FileSystem.exists(self.demo + "/truth") { try await self.makeDemo() }
            try await self.fill(from: self.demo)
        case .demo, .nothing: break
        }
        if case .nothing = self.fill { return }
        if try await self.stores.storage.models.active() == nil { try await self.train() }
    }

    /// A community whose story ends today, so that "recently active" means something.
    private func makeDemo() async throws {
        let now = Timestamp.now
        let day: Int64 = 86_400_000_000
        let midnight = Timestamp(microseconds: now.rawValue / day * day)
        let community = try await Simulate.make(SimulationOptions(end: midnight), console: self.console)
        try community.write(to: URL(fileURLWithPath: self.demo, isDirectory: true))
        self.console.line(
            "Made up a community of \(Format.count(community.users.count)) people and "
                + "\(Format.count(community.interactions.count)) interactions.")
    }

    private func fill(from path: String) async throws {
        let users = Self.file("users", in: path)
        let interactions = Self.file("interactions", in: path)
        guard users != nil || interactions != nil else {
            throw Failure("\(path) holds neither users.csv nor interactions.csv (or .tsv, .jsonl).")
        }
        try FileSystem.replace(self.marker, with: path + "\n")
        let results = try await Import.read(
            users: users, interactions: interactions, ImportOptions(), self.stores, logger: self.logger, console: self.console)
        for result in results { result.show(on: self.console) }
        try FileManager.default.removeItem(atPath: self.marker)
    }

    private func train() async throws {
        do {
            let report = try await Train.train(self.stores, TrainingOptions(now: .now), console: self.console)
            Train.show(report, on: self.console)
        } catch let error as TrainingError where error.code == .notEnoughData {
            self.console.line("No model yet: \(error.message)")
        }
    }

    private static func file(_ name: String, in folder: String) -> String? {
        ["csv", "tsv", "jsonl", "ndjson"].map { "\(folder)/\(name).\($0)" }.first { FileSystem.exists($0) }
    }
}
