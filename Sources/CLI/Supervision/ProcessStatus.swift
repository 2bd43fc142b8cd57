/// How one process under supervision does.
public struct ProcessStatus: Sendable, Hashable, Codable {
    public var name: String
    /// `nil` while no process runs.
    public var pid: Int32?
    public var phase: RestartStateMachine.Phase
    /// Starts after the first.
    public var restarts: Int
    public var uptimeSeconds: Int?
    /// How the process ended the last time, if it ever did.
    public var lastExit: String?
    public var logFile: String
}

/// How one service does.
public struct ServiceStatus: Sendable, Hashable, Codable {
    public var name: String
    public var isScalable: Bool
    /// Replicas that should run.
    public var wanted: Int
    public var processes: [ProcessStatus]

    public var ready: Int { self.processes.count { $0.phase == .ready } }
    public var isWhole: Bool { self.ready == self.wanted }
}
