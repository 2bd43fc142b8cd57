/// SHA-256 (FIPS 180-4) in lower-case hexadecimal: the checksum that a ``Domain/ModelRecord`` must bring.
public func sha256(_ message: [UInt8]) -> String {
    // The first 32 bits of the fractional parts of the cube roots (constants) and square roots (state) of the first primes.
    let primes = (2...311).filter { number in !(2..<number).contains { number % $0 == 0 } }
    let constants = primes.prefix(64).map { fraction(of: root($0, 3)) }
    var state = primes.prefix(8).map { fraction(of: root($0, 2)) }

    var padded = message + [0x80]
    padded += [UInt8](repeating: 0, count: (120 - padded.count % 64) % 64)
    let bits = UInt64(message.count) * 8
    for shift in stride(from: UInt64(56), through: 0, by: -8) { padded.append(UInt8(truncatingIfNeeded: bits >> shift)) }

    for block in stride(from: 0, to: padded.count, by: 64) {
        var words = (0..<16).map { index in (0..<4).reduce(UInt32(0)) { $0 << 8 | UInt32(padded[block + index * 4 + $1]) } }
        for index in 16..<64 {
            let (a, b) = (words[index - 15], words[index - 2])
            let low = a.rotated(7) ^ a.rotated(18) ^ (a >> 3)
            let high = b.rotated(17) ^ b.rotated(19) ^ (b >> 10)
            words.append(words[index - 16] &+ low &+ words[index - 7] &+ high)
        }
        var v = state
        for index in 0..<64 {
            let choice = (v[4] & v[5]) ^ (~v[4] & v[6])
            let majority = (v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2])
            let sum1 = v[4].rotated(6) ^ v[4].rotated(11) ^ v[4].rotated(25)
            let sum0 = v[0].rotated(2) ^ v[0].rotated(13) ^ v[0].rotated(22)
            let first = v[7] &+ sum1 &+ choice &+ constants[index] &+ words[index]
            v = [first &+ sum0 &+ majority, v[0], v[1], v[2], v[3] &+ first, v[4], v[5], v[6]]
        }
        for index in 0..<8 { state[index] &+= v[index] }
    }
    return state.map { word in
        let digits = String(word, radix: 16)
        return String(repeating: "0", count: 8 - digits.count) + digits
    }.joined()
}

/// The root of `number` in fixed point with 32 bits after the point, rounded down.
private func root(_ number: Int, _ degree: Int) -> UInt64 {
    var low: UInt64 = 0
    var high: UInt64 = 1 << 38  // Above the root of 311 in fixed point; its cube fits into 128 bits.
    while high - low > 1 {
        let middle = (low + high) / 2
        let power = (1..<degree).reduce(UInt128(middle)) { power, _ in power * UInt128(middle) }
        if power <= UInt128(number) << (32 * degree) { low = middle } else { high = middle }
    }
    return low
}

private func fraction(of fixedPoint: UInt64) -> UInt32 { UInt32(truncatingIfNeeded: fixedPoint) }

extension UInt32 {
    fileprivate func rotated(_ count: UInt32) -> UInt32 { self >> count | self << (32 - count) }
}
