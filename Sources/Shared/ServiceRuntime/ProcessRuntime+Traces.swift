internal import Glibc
internal import Mesh
internal import MeshAPI
internal import Telemetry

extension ProcessRuntime {
    /// Brings the recorded traces to the receiver that the settings name, until the process ends.
    func exportTraces() {
        guard let traces = self.traces, let endpoint = self.settings.tracesEndpoint else { return }
        let post = TracePost(to: endpoint)
        let encoder = TraceEncoder(
            service: self.name, replica: self.settings.replica ?? "\(getpid())", version: self.version,
            environment: self.settings.environment)
        let exporter = TraceExporter(recorder: traces, registry: self.metrics, logger: self.logger) { traces in
            // What can't be encoded will never be: it counts as lost.
            guard let body = try? encoder.message(of: traces).packed() else { return false }
            return await post.send(body)
        }
        self.background("traces") { await exporter.run() }
    }
}
