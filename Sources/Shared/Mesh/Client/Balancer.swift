/// Power of two choices: of two replicas drawn at random, the cheaper (Mitzenmacher, 2001).
package struct Balancer {
    package var generator: SplitMix64

    package init(seed: UInt64) {
        self.generator = SplitMix64(seed: seed)
    }

    /// - Parameters:
    ///   - excluded: A replica that just failed; taken only when there is no other.
    ///   - cost: Asked for at most two.
    /// - Returns: An index below `count`; `nil` when that is 0.
    package mutating func pick(count: Int, excluding excluded: Int? = nil, cost: (Int) -> Double) -> Int? {
        let skips = excluded.map { $0 < count && count > 1 } ?? false
        let choices = skips ? count - 1 : count
        guard choices > 0 else { return nil }
        func index(_ choice: Int) -> Int {
            if skips, let excluded, choice >= excluded { choice + 1 } else { choice }
        }
        guard choices > 1 else { return index(0) }
        let first = Int.random(in: 0..<choices, using: &self.generator)
        var second = Int.random(in: 0..<choices - 1, using: &self.generator)
        if second >= first { second += 1 }
        return cost(index(first)) <= cost(index(second)) ? index(first) : index(second)
    }

    package mutating func trace() -> TraceContext { .random(using: &self.generator) }

    package mutating func child(of trace: TraceContext) -> TraceContext { trace.child(using: &self.generator) }
}

/// Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators (2014). Not for secrets.
package struct SplitMix64: RandomNumberGenerator, Sendable {
    private var state: UInt64

    package init(seed: UInt64) {
        self.state = seed
    }

    package mutating func next() -> UInt64 {
        self.state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = self.state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
