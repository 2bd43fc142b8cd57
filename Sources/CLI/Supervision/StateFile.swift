import Foundation

/// What a supervisor leaves on disk, so that the next one finds what a killed one left running, and other commands find the stores.
public struct StateFile: Sendable, Codable, Hashable {
    /// One process.
    public struct Entry: Sendable, Codable, Hashable {
        public var name: String
        public var identity: ProcessIdentity
        public var stopSignal: Int32

        public init(name: String, identity: ProcessIdentity, stopSignal: Int32) {
            (self.name, self.identity, self.stopSignal) = (name, identity, stopSignal)
        }
    }

    public var supervisor: ProcessIdentity?
    public var processes: [Entry]
    /// Where the stores and the gateway are: `database`, `redis`, `address`.
    public var places: [String: String]

    public init(supervisor: ProcessIdentity? = .current, processes: [Entry] = [], places: [String: String] = [:]) {
        (self.supervisor, self.processes, self.places) = (supervisor, processes, places)
    }

    /// `nil` when there is no such file, or none that can be understood.
    public static func read(_ path: String) -> StateFile? {
        FileSystem.text(path).flatMap { try? JSONDecoder().decode(StateFile.self, from: Data($0.utf8)) }
    }

    /// The file is readable by its owner alone: an address may hold a password.
    public func write(_ path: String) throws(SupervisionError) {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted]
        guard let data = try? encoder.encode(self) else { return }
        try FileSystem.replace(path, with: String(decoding: data, as: UTF8.self) + "\n")
    }
}

/// Processes that a killed supervisor left behind.
public enum Leftovers {
    /// Stops those of `entries` that still run, each the way it wants to be stopped; kills what doesn't end in time.
    ///
    /// - Returns: The names of those that were still there.
    @discardableResult
    public static func stop(_ entries: [StateFile.Entry], timeout: Duration = .seconds(10)) async -> [String] {
        let alive = entries.filter { $0.identity.isAlive }
        for entry in alive { entry.identity.send(entry.stopSignal) }
        let deadline = ContinuousClock.now.advanced(by: timeout)
        while ContinuousClock.now < deadline, alive.contains(where: { $0.identity.isAlive }) {
            try? await Task.sleep(for: .milliseconds(10))
        }
        for entry in alive where entry.identity.isAlive { entry.identity.send(SIGKILL) }
        return alive.map(\.name)
    }
}
