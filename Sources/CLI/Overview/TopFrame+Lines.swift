extension TopFrame {
    /// The frame as lines for a terminal.
    package var lines: [String] {
        var traffic = ["\(Format.decimal(self.requestsPerSecond, self.requestsPerSecond < 10 ? 1 : 0)) req/s"]
        if let p50 = self.p50Milliseconds {
            let rest = [(95, self.p95Milliseconds), (99, self.p99Milliseconds)].compactMap { percent, value in
                value.map { "p\(percent) \(Format.decimal($0, 1))" }
            }
            traffic.append((["p50 \(Format.decimal(p50, 1))"] + rest).joined(separator: "  ") + " ms")
        }
        traffic += [("errors", self.errorRate), ("hits", self.hitRate), ("degraded", self.degradedRate)].compactMap { name, share in
            share.map { "\(name) \(Format.decimal($0 * 100, 1)) %" }
        }
        var freshness: [String] = []
        if let lag = self.logLagSeconds { freshness.append("log read to \(Self.ago(lag))") }
        if let age = self.modelAgeSeconds {
            freshness.append(age < 0 ? "no model" : "model made \(Self.ago(age))")
        }
        var lines = [traffic.joined(separator: "   ")]
        if !freshness.isEmpty { lines.append(freshness.joined(separator: ", ")) }
        lines += self.unreachable.map { "✗ \($0) can't be reached by every process: duet status says by which." }
        let header = ["replica", "pid", "state", "restarts", "in flight", "ewma", "cpu", "memory"]
        lines += [""] + Format.table([header] + self.replicas.map(Self.row), right: [1, 3, 4, 5, 6, 7])
        return lines
    }

    private static func row(_ replica: Replica) -> [String] {
        [
            replica.name, replica.pid.map(String.init) ?? "–", replica.state, "\(replica.restarts)",
            replica.inFlight.map(String.init) ?? "–",
            replica.latencyMicroseconds.map { "\(Format.decimal(Double($0) / 1000, 2)) ms" } ?? "–",
            replica.cpuPercent.map { "\(Format.decimal($0, 0)) %" } ?? "–",
            replica.residentBytes.map { "\(Format.count($0 >> 20)) MiB" } ?? "–",
        ]
    }

    private static func ago(_ seconds: Double) -> String { "\(Format.duration(.seconds(seconds))) ago" }
}
