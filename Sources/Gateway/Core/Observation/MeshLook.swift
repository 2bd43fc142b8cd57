/// What all processes of the mesh say of themselves and of each other at one moment.
public struct MeshLook: Sendable {
    /// One process, by its own word.
    public struct Process: Sendable {
        public enum State: String, Sendable {
            case serving
            case notServing = "not serving"
            case draining
            case unreachable
        }

        /// Unique to one start of one process.
        public var endpoint: String
        public var service: String
        /// Among its service's, for example `ranking-1`; empty where it has none.
        public var name = ""
        public var processID: Int32
        public var version: String
        public var weight = 1.0
        /// Share of the calls of which it gets a copy.
        public var shadowShare = 0.0
        public var state = State.unreachable
        /// A sentence each.
        public var problems: [String] = []
        public var inFlight = 0
        public var queued = 0
        /// Heavy calls that may run at a time.
        public var limit = 0
        public var answered: UInt64 = 0
        public var refused: UInt64 = 0
        /// Of the question itself.
        public var roundTrip: Duration?
        /// In Prometheus' text format; empty if it gave none.
        public var metrics = ""

        public init(endpoint: String, service: String, processID: Int32, version: String) {
            self.endpoint = endpoint
            self.service = service
            self.processID = processID
            self.version = version
        }
    }

    /// How one process sees one replica that it calls.
    public struct Link: Sendable {
        /// Endpoint of the caller.
        public var from: String
        public var service: String
        public var processID: Int32
        /// ready, ejected, shadow, going or lost
        public var state: String
        public var inFlight: Int
        /// Calls of all clients, as the replica last said.
        public var reportedLoad: Int
        /// Peak-EWMA of the round trip.
        public var latency: Duration

        public init(
            from: String, service: String, processID: Int32, state: String, inFlight: Int, reportedLoad: Int, latency: Duration
        ) {
            self.from = from
            self.service = service
            self.processID = processID
            self.state = state
            self.inFlight = inFlight
            self.reportedLoad = reportedLoad
            self.latency = latency
        }
    }

    /// How one process fares with one method.
    public struct Method: Sendable {
        /// Endpoint of the caller.
        public var from: String
        /// Service of the directory.
        public var service: String
        /// Full name.
        public var method: String
        public var calls: UInt64
        public var failures: UInt64
        /// off, closed, open or half open
        public var breaker: String
        /// After so long a second replica is asked.
        public var hedgeDelay: Duration?

        public init(
            from: String, service: String, method: String, calls: UInt64, failures: UInt64, breaker: String, hedgeDelay: Duration?
        ) {
            self.from = from
            self.service = service
            self.method = method
            self.calls = calls
            self.failures = failures
            self.breaker = breaker
            self.hedgeDelay = hedgeDelay
        }
    }

    public var processes: [Process]
    public var links: [Link]
    public var methods: [Method]

    public init(processes: [Process] = [], links: [Link] = [], methods: [Method] = []) {
        self.processes = processes
        self.links = links
        self.methods = methods
    }
}

/// Looks at every process of the mesh.
public protocol MeshObserving: Sendable {
    /// Asks all of them at once. One that does not answer is in the result all the same.
    func look() async -> MeshLook
}

/// A mesh of nobody.
struct NobodyObserved: MeshObserving {
    func look() async -> MeshLook { MeshLook() }
}
