internal import Domain
internal import Overview

/// All that the operator's page shows of the running system at one moment.
struct Observation: Sendable {
    /// A process, with what its metrics add to its own word.
    struct Process: Sendable {
        var seen: MeshLook.Process
        /// As the supervisor calls it, else as it calls itself.
        var name: String
        var phase: String
        var restarts: Int?
        var uptime: Double?
        /// Of one processor; 1 is all of it.
        var processorShare: Double?
        var residentBytes: Double?
        /// Distance from the log's end.
        var logLag: Double?
        var logPosition: Double?
        /// -1 without a model.
        var modelAge: Double?
        /// What it depends on, and whether it reaches it.
        var dependencies: [(name: String, isUp: Bool)]
        /// Whether it is the process that counts interactions into features.
        var isCounting: Bool
    }

    /// One route's traffic.
    struct Route: Sendable {
        var route: String
        var requests: Double
        var failures: Double
        var p50: Double?
        var p95: Double?
    }

    /// One source of candidates.
    struct Source: Sendable {
        var name: String
        var proposed: Double
        var kept: Double
        /// Among the first twenty of new lists.
        var shown: Double
    }

    var time: Timestamp
    /// Since the look before.
    var now: TrafficPoint
    /// Over the last seconds: steadier.
    var recent: TrafficPoint
    /// Over the last minutes, by route, the busiest first.
    var routes: [Route]
    var sources: [Source]
    /// Mean time of each stage of a list that was not cached, in milliseconds.
    var stages: [(name: String, milliseconds: Double)]
    var processes: [Process]
    var links: [MeshLook.Link]
    var methods: [MeshLook.Method]
    /// `nil` where nobody supervises, or does not answer.
    var services: [SupervisedService]?
    var dependencies: [DependencyMonitor.State]
    var alerts: [ActiveAlert]
    var modelVersion: String
    /// Of the windows.
    var recentSeconds: Double
    var routeSeconds: Double
}
