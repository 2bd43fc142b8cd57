/// A `numeric` in the server's binary format: base-10,000 digits, the first worth `10000^weight`.
struct PostgresNumeric {
    private var digits: [Int16] = []
    private let weight: Int
    private let isNegative: Bool

    /// - Returns: `nil` for NaN, infinities and what is cut short.
    init?(_ bytes: borrowing Span<UInt8>) {
        guard bytes.count >= 8 else { return nil }
        let count = Int(bytes.integer(at: 0, as: UInt16.self))
        let sign = bytes.integer(at: 4, as: UInt16.self)
        guard sign == 0 || sign == 0x4000, bytes.count >= 8 + 2 * count else { return nil }
        self.weight = Int(bytes.integer(at: 2, as: Int16.self))
        self.isNegative = sign == 0x4000
        for index in 0..<count { self.digits.append(bytes.integer(at: 8 + 2 * index, as: Int16.self)) }
    }

    /// `nil` if there is a fraction or the value is out of range.
    var integer: Int64? {
        var value: Int64 = 0
        for (index, digit) in self.digits.enumerated() where index > self.weight && digit != 0 { return nil }
        guard self.weight >= 0, !self.digits.isEmpty else { return 0 }
        for index in 0...self.weight {
            let (product, tooBig) = value.multipliedReportingOverflow(by: 10_000)
            let digit = index < self.digits.count ? Int64(self.digits[index]) : 0
            let (sum, overflow) = product.subtractingReportingOverflow(digit)  // Negative values reach one further.
            guard !tooBig, !overflow else { return nil }
            value = sum
        }
        guard !self.isNegative else { return value }
        return value == .min ? nil : -value
    }

    /// Through decimal text, so that it is rounded once.
    var double: Double? {
        var text = self.isNegative ? "-0" : "0"
        for digit in self.digits { text += String(Int(digit) + 10_000).dropFirst() }
        return Double("\(text)e\(4 * (self.weight + 1 - self.digits.count))")
    }
}
