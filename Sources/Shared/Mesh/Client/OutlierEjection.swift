/// When a replica that fails while the others may be well gets no calls for a while.
public struct OutlierPolicy: Sendable {
    /// Failures in a row.
    public var consecutiveFailures: Int
    /// How long the first ejection lasts; each further one lasts longer by as much.
    public var baseDuration: Duration
    public var maximumDuration: Duration

    public init(consecutiveFailures: Int = 5, baseDuration: Duration = .seconds(1), maximumDuration: Duration = .seconds(4)) {
        self.consecutiveFailures = max(1, consecutiveFailures)
        self.baseDuration = baseDuration
        self.maximumDuration = maximumDuration
    }
}

/// Which replicas are ejected: never more than half of those that are ready (Envoy's outlier detection, with its floor).
package struct OutlierEjection: Sendable {
    private struct Record: Sendable {
        var until: Deadline
        var times: Int
    }

    private let policy: OutlierPolicy
    private var records: [String: Record] = [:]

    package init(_ policy: OutlierPolicy) {
        self.policy = policy
    }

    /// A replica has failed too often in a row.
    ///
    /// - Parameter ready: Names of the replicas that could be called, this one and the ejected included.
    /// - Returns: Whether it is ejected now.
    package mutating func replicaFailed(_ name: String, ready: [String], at now: Deadline) -> Bool {
        let ejected = self.ejected(among: ready, at: now)
        guard !ejected.contains(name), ready.contains(name), (ejected.count + 1) * 2 <= ready.count else { return false }
        // Who was well for long enough starts anew.
        let before = self.records[name].flatMap { now < $0.until.advanced(by: self.policy.maximumDuration * 4) ? $0.times : nil } ?? 0
        let duration = min(self.policy.baseDuration * (before + 1), self.policy.maximumDuration)
        self.records[name] = Record(until: now.advanced(by: duration), times: before + 1)
        return true
    }

    /// The ejected; when the ready have become fewer, those whose time is over last stay out.
    package func ejected(among ready: [String], at now: Deadline) -> Set<String> {
        guard !self.records.isEmpty else { return [] }
        let out = ready.filter { (self.records[$0]?.until ?? now) > now }
        guard out.count * 2 > ready.count else { return Set(out) }
        let longest = out.sorted { (self.records[$0]?.until ?? now) > (self.records[$1]?.until ?? now) }
        return Set(longest.prefix(ready.count / 2))
    }

    /// When the next ejection ends; ``Deadline/never`` when none is under way.
    package func nextReturn(after now: Deadline) -> Deadline {
        self.records.values.lazy.map(\.until).filter { $0 > now }.min() ?? .never
    }

    /// Forgets the replicas that are gone.
    package mutating func keep(_ names: Set<String>) {
        if !self.records.isEmpty { self.records = self.records.filter { names.contains($0.key) } }
    }
}
