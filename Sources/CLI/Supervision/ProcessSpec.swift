public import Glibc

/// One process to be kept running: what to start, how to see that it is ready, how to stop it.
public struct ProcessSpec: Sendable {
    /// Unique among all processes of a supervisor: `ranking-1`.
    public var name: String
    public var executable: String
    /// Without the program's name.
    public var arguments: [String]
    /// The whole environment: nothing is inherited.
    public var environment: [String: String]
    /// Open descriptors of this process that the new one gets as 3, 4, …
    public var inheritedDescriptors: [Int32]
    /// Standard output and error are appended to this file.
    public var logFile: String
    public var readiness: ReadinessProbe
    /// How long the process may take to become ready.
    public var startTimeout: Duration
    /// How often the first start may fail before it counts as failed. Later failures are always followed by another start.
    public var startAttempts: Int
    public var stopSignal: Int32
    /// How long the process may take to end after `stopSignal`; then it and its group are killed.
    public var stopTimeout: Duration
    /// Leads a session of its own, so that no terminal's end reaches it, rather than only a process group.
    public var startsSession = false

    public init(
        name: String, executable: String, arguments: [String] = [], environment: [String: String] = [:],
        inheritedDescriptors: [Int32] = [], logFile: String, readiness: ReadinessProbe = .immediate,
        startTimeout: Duration = .seconds(60), startAttempts: Int = 1, stopSignal: Int32 = SIGTERM, stopTimeout: Duration = .seconds(15)
    ) {
        self.name = name
        self.executable = executable
        self.arguments = arguments
        self.environment = environment
        self.inheritedDescriptors = inheritedDescriptors
        self.logFile = logFile
        self.readiness = readiness
        self.startTimeout = startTimeout
        self.startAttempts = startAttempts
        self.stopSignal = stopSignal
        self.stopTimeout = stopTimeout
    }
}

/// Says whether a process that runs is ready.
public struct ReadinessProbe: Sendable {
    public var isReady: @Sendable () async -> Bool
    /// Time between two questions while the process starts.
    public var interval: Duration

    public init(interval: Duration = .milliseconds(20), isReady: @escaping @Sendable () async -> Bool) {
        (self.interval, self.isReady) = (interval, isReady)
    }

    /// Ready as soon as it runs.
    public static let immediate = ReadinessProbe { true }

    /// Ready when `GET path` over the Unix socket answers 200.
    public static func http(socket: String, path: String) -> ReadinessProbe {
        ReadinessProbe { (try? await HTTPProbe.get(.unix(path: socket), path, timeout: .seconds(1)))?.status == 200 }
    }
}

/// A service: some replicas of one program, numbered from 1.
public struct ServiceSpec: Sendable {
    public var name: String
    public var replicas: Int
    /// Whether an operator may change the number of replicas.
    public var isScalable: Bool
    /// Describes the replica with a number.
    public var process: @Sendable (_ replica: Int) -> ProcessSpec

    public init(name: String, replicas: Int = 1, isScalable: Bool = true, process: @escaping @Sendable (_ replica: Int) -> ProcessSpec) {
        (self.name, self.replicas, self.isScalable, self.process) = (name, replicas, isScalable, process)
    }
}
