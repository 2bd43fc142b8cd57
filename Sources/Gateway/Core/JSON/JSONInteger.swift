/// What a JSON number is as an integer. JSON Schema goes by the value, not by how it was written: `18.0` and `1.8e1` are the integer 18.
enum JSONInteger: Hashable {
    case value(Int64)
    /// Whole, but beyond 64 bits.
    case tooLarge
    case fractional

    /// - Parameter literal: A number as JSON's grammar has it. Nothing is rounded on the way.
    init(literal: String) {
        if let value = Int64(literal) {
            self = .value(value)
            return
        }
        let isNegative = literal.utf8.first == UInt8(ascii: "-")
        let parts = literal.utf8.dropFirst(isNegative ? 1 : 0)
            .split(maxSplits: 1) { $0 == UInt8(ascii: "e") || $0 == UInt8(ascii: "E") }
        let mantissa = parts[0].split(separator: UInt8(ascii: "."), maxSplits: 1)
        let digits = mantissa.joined().drop { $0 == UInt8(ascii: "0") }.map(\.self)
        guard let last = digits.lastIndex(where: { $0 != UInt8(ascii: "0") }) else {
            self = .value(0)
            return
        }
        let significant = digits[...last]
        let fraction = mantissa.count == 2 ? mantissa[1].count : 0
        // How many zeros follow the significant digits.
        let zeros = (parts.count == 2 ? Self.exponent(parts[1]) : 0) - fraction + (digits.count - significant.count)
        guard zeros >= 0 else {
            self = .fractional
            return
        }
        guard significant.count + zeros <= 19 else {
            self = .tooLarge
            return
        }
        let text = (isNegative ? "-" : "") + String(decoding: significant, as: UTF8.self) + String(repeating: "0", count: zeros)
        self = Int64(text).map { .value($0) } ?? .tooLarge
    }

    /// Cut where it is further from zero than any text has digits.
    private static func exponent(_ text: Substring.UTF8View) -> Int {
        let limit = 1 << 40
        guard let value = Int(String(Substring(text))) else { return text.first == UInt8(ascii: "-") ? -limit : limit }
        return min(max(value, -limit), limit)
    }
}
