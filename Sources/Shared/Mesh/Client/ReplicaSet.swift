/// The replicas of a service as a client has sorted them: who may be called, and how the calls are shared between them.
struct ReplicaSet {
    private(set) var all: [Replica] = []
    /// Connected and willing, the ejected included.
    private(set) var ready: [Replica] = []
    /// Those that calls go to.
    private(set) var eligible: [Replica] = []
    /// Those that get copies of calls only.
    private(set) var shadows: [Replica] = []
    private var ejection: OutlierEjection?
    /// When the next ejection ends.
    private var nextReturn = Deadline.never
    private var split = VersionSplit([])
    /// Made when the first call with a shard key needs it.
    private var ring: HashRing?

    init(outliers: OutlierPolicy?) {
        self.ejection = outliers.map(OutlierEjection.init)
    }

    /// Names of the ejected.
    var ejected: Set<String> {
        Set(self.ready.map(\.endpoint.name)).subtracting(self.eligible.map(\.endpoint.name))
    }

    mutating func replace(_ replicas: [Replica]) {
        self.all = replicas
        self.ejection?.keep(Set(replicas.map(\.endpoint.name)))
    }

    /// Sorts the replicas anew, after one of them or the time has changed.
    mutating func sort(at now: Deadline) {
        self.ready = self.all.filter { $0.isReady && $0.endpoint.shadowShare == 0 }
        self.shadows = self.all.filter { $0.isReady && $0.endpoint.shadowShare > 0 }
        let ejected = self.ejection?.ejected(among: self.ready.map(\.endpoint.name), at: now) ?? []
        self.nextReturn = ejected.isEmpty ? .never : self.ejection?.nextReturn(after: now) ?? .never
        self.eligible = ejected.isEmpty ? self.ready : self.ready.filter { !ejected.contains($0.endpoint.name) }
        self.split = VersionSplit(self.eligible.map { ($0.endpoint.version, $0.endpoint.weight) })
        self.ring = nil
    }

    /// - Returns: Whether the replica is ejected now.
    mutating func replicaFailed(_ replica: Replica, at now: Deadline) -> Bool {
        let ready = self.ready.map(\.endpoint.name)
        guard self.ejection?.replicaFailed(replica.endpoint.name, ready: ready, at: now) == true else { return false }
        self.sort(at: now)
        return true
    }

    enum Pick {
        case replica(Replica)
        /// There are replicas, and each has as many calls in flight as it may.
        case full
        case none
    }

    mutating func pick(shard: ShardKey?, excluding failed: Replica?, using balancer: inout Balancer, at now: Deadline) -> Pick {
        if now >= self.nextReturn { self.sort(at: now) }
        let eligible = self.eligible
        guard !eligible.isEmpty else { return .none }
        let excluded = failed.flatMap { failed in eligible.firstIndex { $0 === failed } }
        if let shard {
            let ring = self.ring ?? HashRing(names: eligible.map(\.endpoint.name), weights: eligible.map(\.endpoint.weight))
            self.ring = ring
            return ring.pick(shard, excluding: excluded) { eligible[$0].freeLoad }.map { .replica(eligible[$0]) } ?? .full
        }
        if excluded == nil, let group = self.split.draw(using: &balancer.generator) {
            let members = group.members
            let cost: (Int) -> Double = { eligible[members[$0]].cost(at: now) }
            if let index = balancer.pick(count: members.count, cost: cost), cost(index) < .infinity {
                return .replica(eligible[members[index]])
            }
        }
        guard let index = balancer.pick(count: eligible.count, excluding: excluded, cost: { eligible[$0].cost(at: now) }) else {
            return .none
        }
        if eligible[index].freeLoad != nil { return .replica(eligible[index]) }
        // Both that were drawn are full.
        return eligible.first { $0.freeLoad != nil }.map { .replica($0) } ?? .full
    }
}
