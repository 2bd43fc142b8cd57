import Overview
import Supervision

/// The line that `duet up` keeps under its output: requests a second, median latency, replicas. Elsewhere a line when something changes.
struct LiveStatus: Sendable {
    /// What all gateways had counted at one moment.
    struct Sample: Sendable {
        let time = ContinuousClock.now
        var metrics = MetricsSnapshot()
    }

    let supervisor: Supervisor
    let folder: DataFolder
    let console: Console

    /// Runs until cancelled.
    func run() async {
        var window: [Sample] = []
        var lastSummary = ""
        var ticks = 0
        while !Task.isCancelled {
            let services = await self.supervisor.status
            let summary = Self.summary(of: services)
            if self.console.isTerminal {
                window.append(await self.sample(services))
                if window.count > 6 { window.removeFirst() }
                self.console.live("▸ \(Self.traffic(window))  \(summary)")
            } else if summary != lastSummary, !lastSummary.isEmpty {
                self.console.line(summary)
            }
            lastSummary = summary
            ticks += 1
            if ticks % 10 == 0 { await self.supervisor.rotateLogs() }
            try? await Task.sleep(for: .seconds(1))
        }
    }

    static func summary(of services: [ServiceStatus]) -> String {
        let ready = services.reduce(0) { $0 + $1.ready }
        let wanted = services.reduce(0) { $0 + $1.wanted }
        let missing = services.filter { !$0.isWhole }.map { "\($0.name) \($0.ready)/\($0.wanted)" }
        return "\(ready)/\(wanted) processes ready" + (missing.isEmpty ? "" : " (\(missing.joined(separator: ", ")))")
    }

    /// Over the last seconds.
    static func traffic(_ window: [Sample]) -> String {
        guard let first = window.first, let last = window.last, window.count > 1 else { return "– req/s" }
        let total = { (sample: Sample) in sample.metrics.sum("duet_http_requests_total") ?? 0 }
        let rate = max(0, total(last) - total(first)) / (first.time.duration(to: last.time) / .seconds(1))
        var text = "\(Format.decimal(rate, rate < 10 ? 1 : 0)) req/s"
        if let median = last.metrics.quantile(0.5, of: "duet_http_request_seconds", since: first.metrics) {
            text += "  p50 \(Format.decimal(median * 1000, 1)) ms"
        }
        return text
    }

    private func sample(_ services: [ServiceStatus]) async -> Sample {
        var sample = Sample()
        for process in services.first(where: { $0.name == "gateway" })?.processes ?? [] {
            let socket = self.folder.healthSocket(process.name)
            guard let response = try? await HTTPProbe.get(.unix(path: socket), "/metrics", timeout: .seconds(1)) else { continue }
            sample.metrics.add(response.text)
        }
        return sample
    }
}
