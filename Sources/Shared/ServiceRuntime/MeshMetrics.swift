import Mesh
import Synchronization
import Telemetry

/// Counts and times mesh calls by method and status, on both sides.
final class MeshMetrics: MeshMetricsObserver {
    private struct Key: Hashable {
        let method: UInt32
        let code: MeshError.Code?
    }

    private struct Handles {
        let calls: Counter
        let seconds: Histogram
    }

    private let registry: MetricsRegistry
    /// The handles that calls have needed so far: a dictionary look-up a call instead of the registry's work.
    private let client = Mutex<[Key: Handles]>([:])
    private let server = Mutex<[Key: Handles]>([:])

    init(registry: MetricsRegistry) { self.registry = registry }

    func clientCallEnded(
        _ method: MethodDescriptor, service: String, replica: String?, code: MeshError.Code?, duration: Duration, attempts: Int
    ) {
        let handles = self.client.withLock { self.handles(method, code, in: &$0, prefix: "duet_mesh_client", side: "made") }
        handles.calls.increment()
        handles.seconds.observe(duration)
    }

    // These are rare, so they go through the registry. Labels are bounded: events, reasons, services and methods are few.

    func clientEvent(_ event: MeshClientEvent, _ method: MethodDescriptor?, service: String) {
        self.registry.counter(
            "duet_mesh_client_events_total", "What mesh clients did beyond making calls, by service and event.",
            labels: [("service", service), ("event", event.rawValue)]
        ).increment()
    }

    func serverCallShed(_ method: MethodDescriptor, _ reason: MeshShedReason) {
        self.registry.counter(
            "duet_mesh_server_shed_total", "Mesh calls refused before they began, by method and reason.",
            labels: [("method", method.fullName), ("reason", reason.rawValue)]
        ).increment()
    }

    func serverCallQueued(_ method: MethodDescriptor, for duration: Duration) {
        self.registry.histogram(
            "duet_mesh_server_queue_seconds", "How long mesh calls waited for their turn.", labels: [("method", method.fullName)]
        ).observe(duration)
    }

    func serverCallEnded(_ method: MethodDescriptor?, code: MeshError.Code?, duration: Duration) {
        let handles = self.server.withLock { self.handles(method, code, in: &$0, prefix: "duet_mesh_server", side: "answered") }
        handles.calls.increment()
        handles.seconds.observe(duration)
    }

    private func handles(
        _ method: MethodDescriptor?, _ code: MeshError.Code?, in known: inout [Key: Handles], prefix: String, side: String
    ) -> Handles {
        let key = Key(method: method?.id ?? 0, code: code)
        if let handles = known[key] { return handles }
        let name = method?.fullName ?? "unknown"
        let status = code.map { "\($0)" } ?? "ok"
        let handles = Handles(
            calls: self.registry.counter(
                "\(prefix)_calls_total", "Mesh calls \(side), by method and status.", labels: [("method", name), ("status", status)]),
            seconds: self.registry.histogram("\(prefix)_seconds", "Time of mesh calls \(side).", labels: [("method", name)]))
        known[key] = handles
        return handles
    }
}
