extension Timestamp {
    /// `2024-01-15T10:30:00Z`, with a fraction of three or six digits only where there is one.
    public var iso8601: String {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(32)
        self.append(to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Appends ``iso8601`` without a string in between.
    public func append(to bytes: inout [UInt8]) {
        let (day, microseconds) = self.rawValue.flooredDivision(by: 86_400_000_000)
        let (year, month, dayOfMonth) = Self.civil(fromDays: day)
        let seconds = microseconds / 1_000_000
        let fraction = microseconds % 1_000_000
        Self.append(year, digits: 4, before: "-", to: &bytes)
        Self.append(month, digits: 2, before: "-", to: &bytes)
        Self.append(dayOfMonth, digits: 2, before: "T", to: &bytes)
        Self.append(seconds / 3600, digits: 2, before: ":", to: &bytes)
        Self.append(seconds / 60 % 60, digits: 2, before: ":", to: &bytes)
        Self.append(seconds % 60, digits: 2, before: fraction == 0 ? "Z" : ".", to: &bytes)
        guard fraction > 0 else { return }
        if fraction % 1000 == 0 {
            Self.append(fraction / 1000, digits: 3, before: "Z", to: &bytes)
        } else {
            Self.append(fraction, digits: 6, before: "Z", to: &bytes)
        }
    }

    /// - Parameter digits: At least so many, with leading zeros.
    private static func append(_ value: Int64, digits: Int, before separator: Unicode.Scalar, to bytes: inout [UInt8]) {
        if value < 0 { bytes.append(UInt8(ascii: "-")) }
        let start = bytes.count
        var rest = value.magnitude
        while rest > 0 || bytes.count - start < digits {
            bytes.append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10))
            rest /= 10
        }
        bytes[start...].reverse()
        bytes.append(UInt8(ascii: separator))
    }

    /// Reads `2024-01-15`, `2024-01-15T10:30:00`, either with a fraction, a `Z` or an offset such as `+02:00`.
    /// A blank may stand for the `T`; without an offset the time is UTC. `nil` for anything else.
    public init?(iso8601 text: some StringProtocol) {
        var scanner = Scanner(text.utf8)
        guard let year = scanner.digits(4), scanner.skip("-"), let month = scanner.digits(2), scanner.skip("-"),
            let day = scanner.digits(2), (1...12).contains(month), day >= 1, day <= Self.length(ofMonth: month, year: year)
        else { return nil }
        let midnight = Self.days(fromCivil: year, month, day) * 86_400_000_000
        if scanner.isAtEnd {
            self.init(rawValue: midnight)
            return
        }
        guard scanner.skip("T") || scanner.skip("t") || scanner.skip(" "), let hour = scanner.digits(2), scanner.skip(":"),
            let minute = scanner.digits(2), hour < 24, minute < 60
        else { return nil }
        var second: Int64 = 0
        var fraction: Int64 = 0
        if scanner.skip(":") {
            guard let value = scanner.digits(2), value < 60 else { return nil }
            second = value
            if scanner.skip(".") {
                guard let value = scanner.fraction() else { return nil }
                fraction = value
            }
        }
        guard let offset = scanner.offset(), scanner.isAtEnd else { return nil }
        self.init(rawValue: midnight + ((hour * 60 + minute - offset) * 60 + second) * 1_000_000 + fraction)
    }

    private struct Scanner {
        private var rest: ArraySlice<UInt8>

        init(_ bytes: some Sequence<UInt8>) { self.rest = Array(bytes)[...] }

        var isAtEnd: Bool { self.rest.isEmpty }

        mutating func skip(_ character: Unicode.Scalar) -> Bool {
            guard let byte = self.rest.first, UInt32(byte) == character.value else { return false }
            self.rest.removeFirst()
            return true
        }

        mutating func digits(_ count: Int) -> Int64? {
            guard self.rest.count >= count else { return nil }
            var value: Int64 = 0
            for byte in self.rest.prefix(count) {
                guard (48...57).contains(byte) else { return nil }
                value = value * 10 + Int64(byte - 48)
            }
            self.rest.removeFirst(count)
            return value
        }

        /// One to nine digits after the point, in microseconds; what lies below is dropped.
        mutating func fraction() -> Int64? {
            var value: Int64 = 0
            var count = 0
            while let byte = self.rest.first, (48...57).contains(byte), count < 9 {
                if count < 6 { value = value * 10 + Int64(byte - 48) }
                count += 1
                self.rest.removeFirst()
            }
            guard count > 0 else { return nil }
            for _ in 0..<max(0, 6 - count) { value *= 10 }
            return value
        }

        /// Minutes east of UTC.
        mutating func offset() -> Int64? {
            if self.isAtEnd || self.skip("Z") || self.skip("z") { return 0 }
            let sign: Int64 = self.skip("-") ? -1 : 1
            if sign == 1 { guard self.skip("+") else { return nil } }
            guard let hours = self.digits(2), hours < 24 else { return nil }
            if self.isAtEnd { return sign * hours * 60 }
            _ = self.skip(":")
            guard let minutes = self.digits(2), minutes < 60 else { return nil }
            return sign * (hours * 60 + minutes)
        }
    }

    // Howard Hinnant, "chrono-compatible low-level date algorithms": proleptic Gregorian calendar, days from 1970-01-01.

    private static func days(fromCivil year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
        let year = month <= 2 ? year - 1 : year
        let (era, yearOfEra) = year.flooredDivision(by: 400)
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    private static func civil(fromDays days: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let (era, dayOfEra) = (days + 719_468).flooredDivision(by: 146_097)
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shifted = (5 * dayOfYear + 2) / 153
        let month = shifted < 10 ? shifted + 3 : shifted - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * shifted + 2) / 5 + 1)
    }

    private static func length(ofMonth month: Int64, year: Int64) -> Int64 {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }
}

extension Int64 {
    fileprivate func flooredDivision(by divisor: Int64) -> (quotient: Int64, remainder: Int64) {
        let (quotient, remainder) = self.quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
    }
}
