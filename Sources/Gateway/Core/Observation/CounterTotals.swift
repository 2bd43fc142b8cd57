internal import Overview

/// Counters of all processes added up so that the sums never fall, whichever process ends or starts.
struct CounterTotals: Sendable {
    private var lasts: [String: [String: Double]] = [:]
    private(set) var sums: [String: Double] = [:]

    /// Takes in what each process has counted so far.
    ///
    /// - Parameters:
    ///   - counts: Series by endpoint. A process that is missing is forgotten: its endpoint doesn't come back.
    ///   - silent: Endpoints of processes that live and did not answer this time.
    mutating func take(_ counts: [String: [String: Double]], silent: Set<String>) {
        for (endpoint, series) in counts {
            // Of a process that is met for the first time, what it had counted before is not of this moment.
            guard let last = self.lasts[endpoint] else {
                for name in series.keys where self.sums[name] == nil { self.sums[name] = 0 }
                continue
            }
            for (name, value) in series {
                let before = last[name] ?? 0
                self.sums[name, default: 0] += value >= before ? value - before : value
            }
        }
        self.lasts = self.lasts.filter { silent.contains($0.key) }.merging(counts) { $1 }
    }

    /// What was counted since an earlier moment.
    func since(_ earlier: [String: Double]) -> MetricsSnapshot {
        var snapshot = MetricsSnapshot()
        for (name, value) in self.sums {
            let grown = value - (earlier[name] ?? 0)
            if grown > 0 { snapshot.add(grown, to: name[...]) }
        }
        return snapshot
    }
}
