/// The value of a request's shard key, hashed: calls with equal keys go to one replica, whose caches are warm for it.
public struct ShardKey: Sendable, Hashable {
    package let hash: UInt64

    public init(_ value: some BinaryInteger) {
        self.hash = Self.mix(UInt64(truncatingIfNeeded: value))
    }

    public init(_ value: String) {
        self.hash = Self.mix(value.utf8.reduce(Self.basis) { ($0 ^ UInt64($1)) &* Self.prime })
    }

    public init(_ value: [UInt8]) {
        self.hash = Self.mix(value.reduce(Self.basis) { ($0 ^ UInt64($1)) &* Self.prime })
    }

    /// 64-bit FNV-1a, whose low bits alone would not spread well enough.
    private static let basis: UInt64 = 0xCBF2_9CE4_8422_2325
    private static let prime: UInt64 = 0x0000_0100_0000_01B3

    private static func mix(_ value: UInt64) -> UInt64 {
        var generator = SplitMix64(seed: value)
        return generator.next()
    }
}

/// Consistent hashing with bounded loads (Mirrokni, Thorup, Zadimoghaddam, 2016): a replica keeps its keys when others come and
/// go, and passes on what would be more than its share.
package struct HashRing: Sendable {
    /// For a weight of 1. The number of a replica's points depends on itself alone, lest others' keys move when it goes.
    private static let pointsEach = 128.0
    /// Above this weights are scaled down, to bound the points.
    private static let largestWeight = 16.0
    /// How much more than the mean a replica may have in flight.
    private static let balance = 1.25

    private let points: [(hash: UInt64, index: Int)]
    private let shares: [Double]

    /// - Parameters:
    ///   - names: Of the replicas; their keys follow the name wherever it stands in the list.
    ///   - weights: As many, above 0.
    package init(names: [String], weights: [Double]) {
        let sum = weights.reduce(0, +)
        self.shares = weights.map { $0 / sum }
        let scale = Self.pointsEach * min(1, Self.largestWeight / (weights.max() ?? 1))
        var points: [(hash: UInt64, index: Int)] = []
        for (index, name) in names.enumerated() {
            var generator = SplitMix64(seed: ShardKey(name).hash)
            for _ in 0..<max(1, Int((scale * weights[index]).rounded())) { points.append((generator.next(), index)) }
        }
        self.points = points.sorted { ($0.hash, $0.index) < ($1.hash, $1.index) }
    }

    /// - Parameters:
    ///   - excluded: A replica that just failed; taken only when there is no other.
    ///   - load: Calls that a replica has in flight; `nil`: it can take none.
    /// - Returns: `nil` when no replica can take the call.
    package func pick(_ key: ShardKey, excluding excluded: Int? = nil, load: (Int) -> Int?) -> Int? {
        guard !self.points.isEmpty else { return nil }
        let loads = self.shares.indices.map(load)
        let total = Double(loads.reduce(0) { $0 + ($1 ?? 0) } + 1)
        let start = self.firstPoint(at: key.hash)
        var fallback: Int?
        for step in 0..<self.points.count {
            let index = self.points[(start + step) % self.points.count].index
            guard let load = loads[index] else { continue }
            if index == excluded {
                fallback = fallback ?? index
            } else if Double(load) < (Self.balance * total * self.shares[index]).rounded(.up) {
                return index
            }
        }
        // All that remain are above their share, which the excluded one's calls made possible.
        return loads.indices.first { $0 != excluded && loads[$0] != nil } ?? fallback
    }

    private func firstPoint(at hash: UInt64) -> Int {
        var (low, high) = (0, self.points.count)
        while low < high {
            let middle = (low + high) / 2
            if self.points[middle].hash < hash { low = middle + 1 } else { high = middle }
        }
        return low == self.points.count ? 0 : low
    }
}
