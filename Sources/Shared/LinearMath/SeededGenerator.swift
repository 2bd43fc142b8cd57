internal import Glibc

/// A reproducible generator: xoshiro256** (Blackman & Vigna 2018), seeded by splitmix64. Not for secrets.
public struct SeededGenerator: RandomNumberGenerator, Sendable {
    private var state: (UInt64, UInt64, UInt64, UInt64)
    private var spareGaussian: Double?

    /// Equal seeds give equal sequences; every seed is as good as any other.
    public init(seed: UInt64) {
        var mixer = seed
        self.state = (Self.splitMix(&mixer), Self.splitMix(&mixer), Self.splitMix(&mixer), Self.splitMix(&mixer))
    }

    /// A generator for one of many independent streams, such as one per row or per person.
    public init(seed: UInt64, stream: UInt64) {
        var mixer = stream
        self.init(seed: seed ^ Self.splitMix(&mixer))
    }

    public mutating func next() -> UInt64 {
        let result = Self.rotate(self.state.1 &* 5, by: 7) &* 9
        let shifted = self.state.1 << 17
        self.state.2 ^= self.state.0
        self.state.3 ^= self.state.1
        self.state.1 ^= self.state.2
        self.state.0 ^= self.state.3
        self.state.2 ^= shifted
        self.state.3 = Self.rotate(self.state.3, by: 45)
        return result
    }

    /// Uniform in 0..<1, with 53 random bits.
    public mutating func uniform() -> Double {
        Double(self.next() >> 11) * 0x1p-53
    }

    /// Normal with mean 0 and standard deviation 1 (Marsaglia's polar method).
    public mutating func gaussian() -> Double {
        if let spare = self.spareGaussian {
            self.spareGaussian = nil
            return spare
        }
        while true {
            let x = 2 * self.uniform() - 1
            let y = 2 * self.uniform() - 1
            let squared = x * x + y * y
            guard squared > 0, squared < 1 else { continue }
            let factor = (-2 * log(squared) / squared).squareRoot()
            self.spareGaussian = y * factor
            return x * factor
        }
    }

    private static func splitMix(_ state: inout UInt64) -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        return Self.mixed(state)
    }

    /// A hash of 64 bits, one to one: the finaliser of splitmix64 (Steele, Lea & Flood 2014).
    public static func mixed(_ value: UInt64) -> UInt64 {
        var mixed = value
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    private static func rotate(_ value: UInt64, by count: UInt64) -> UInt64 {
        (value << count) | (value >> (64 - count))
    }
}
