import Overview
import Supervision

/// The line that `duet up` keeps under its output: requests a second, median latency, replicas. Elsewhere a line when something changes.
struct LiveStatus: Sendable {
    let supervisor: Supervisor
    let folder: DataFolder
    let console: Console

    /// Runs until cancelled.
    func run() async {
        var window: [GatewaySample] = []
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
    static func traffic(_ window: [GatewaySample]) -> String {
        guard let first = window.first, let last = window.last, window.count > 1 else { return "– req/s" }
        let seconds = first.time.duration(to: last.time) / .seconds(1)
        let requests = max(0, last.requests - first.requests)
        var text = "\(Format.decimal(requests / seconds, requests / seconds < 10 ? 1 : 0)) req/s"
        if let median = last.median(since: first) { text += "  p50 \(Format.decimal(median * 1000, 1)) ms" }
        return text
    }

    private func sample(_ services: [ServiceStatus]) async -> GatewaySample {
        var sample = GatewaySample()
        for process in services.first(where: { $0.name == "gateway" })?.processes ?? [] {
            let socket = self.folder.healthSocket(process.name)
            guard let response = try? await HTTPProbe.get(.unix(path: socket), "/metrics", timeout: .seconds(1)) else { continue }
            sample.add(metrics: response.text)
        }
        return sample
    }
}

/// Totals of all gateways at one moment.
struct GatewaySample: Sendable {
    let time = ContinuousClock.now
    private(set) var requests = 0.0
    /// Requests up to each upper bound, in seconds.
    private(set) var buckets: [Double: Double] = [:]

    mutating func add(metrics text: String) {
        for line in text.split(separator: "\n") {
            guard let space = line.lastIndex(of: " "), let value = Double(line[line.index(after: space)...]) else { continue }
            if line.hasPrefix("duet_http_requests_total{") {
                self.requests += value
            } else if line.hasPrefix("duet_http_request_seconds_bucket{"), let start = line.firstRange(of: "le=\"")?.upperBound,
                let end = line[start...].firstIndex(of: "\""), let bound = Double(line[start..<end].replacing("+Inf", with: "inf"))
            {
                self.buckets[bound, default: 0] += value
            }
        }
    }

    /// Linear inside its bucket; `nil` without requests since `earlier`.
    func median(since earlier: GatewaySample) -> Double? {
        let counts = self.buckets.map { (bound: $0.key, count: $0.value - earlier.buckets[$0.key, default: 0]) }
            .sorted { $0.bound < $1.bound }
        guard let total = counts.last?.count, total > 0 else { return nil }
        var low = (bound: 0.0, count: 0.0)
        for bucket in counts {
            if bucket.count >= total / 2 {
                guard bucket.bound.isFinite, bucket.count > low.count else { return low.bound }
                return low.bound + (bucket.bound - low.bound) * (total / 2 - low.count) / (bucket.count - low.count)
            }
            low = bucket
        }
        return nil
    }
}
