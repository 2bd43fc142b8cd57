/// A service as whoever keeps its processes running sees it.
public struct SupervisedService: Hashable, Sendable {
    public struct Process: Hashable, Sendable {
        public var name: String
        /// `nil` while none runs.
        public var processID: Int32?
        /// ready, starting, backing off, stopping …
        public var phase: String
        /// Starts after the first.
        public var restarts: Int
        public var uptime: Duration?

        public init(name: String, processID: Int32?, phase: String, restarts: Int, uptime: Duration?) {
            self.name = name
            self.processID = processID
            self.phase = phase
            self.restarts = restarts
            self.uptime = uptime
        }
    }

    public var name: String
    public var isScalable: Bool
    /// Replicas that should run.
    public var wanted: Int
    public var processes: [Process]

    public init(name: String, isScalable: Bool, wanted: Int, processes: [Process]) {
        self.name = name
        self.isScalable = isScalable
        self.wanted = wanted
        self.processes = processes
    }
}

/// What became of a request to change which processes run.
public enum ProcessChange: Hashable, Sendable {
    case done
    /// Accepted; it takes longer than anybody waits.
    case underWay
    /// A sentence that says why not.
    case refused(String)
}

/// Whoever keeps the processes running, where that is `duet up`. Elsewhere an orchestrator does it, in its own way.
public protocol ProcessControl: Sendable {
    /// `nil` when nobody answers.
    func services() async -> [SupervisedService]?
    func scale(_ service: String, to replicas: Int) async -> ProcessChange
    /// Lets one process finish its calls and end, and doesn't replace it.
    func drain(_ process: String) async -> ProcessChange
}
