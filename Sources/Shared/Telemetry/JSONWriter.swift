import Glibc
package import Logging

/// Writes a JSON object into bytes, without Foundation.
package struct JSONWriter {
    package private(set) var bytes: [UInt8] = []
    private var needsComma = false

    package init() { self.bytes.reserveCapacity(512) }

    package mutating func begin() {
        self.bytes.append(UInt8(ascii: "{"))
        self.needsComma = false
    }

    package mutating func end() {
        self.bytes.append(UInt8(ascii: "}"))
        self.needsComma = true
    }

    package mutating func raw(_ text: String) { self.bytes.append(contentsOf: text.utf8) }

    package mutating func key(_ name: String) {
        if self.needsComma { self.bytes.append(UInt8(ascii: ",")) }
        self.needsComma = true
        self.string(name)
        self.bytes.append(UInt8(ascii: ":"))
    }

    package mutating func field(_ name: String, _ value: String) {
        self.key(name)
        self.string(value)
    }

    /// A string by RFC 8259: quotes, backslash and control characters escaped.
    mutating func string(_ text: String) {
        self.bytes.append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""): self.raw("\\\"")
            case UInt8(ascii: "\\"): self.raw("\\\\")
            case UInt8(ascii: "\n"): self.raw("\\n")
            case UInt8(ascii: "\r"): self.raw("\\r")
            case UInt8(ascii: "\t"): self.raw("\\t")
            case 0..<32:
                self.raw("\\u00")
                self.bytes.append(Self.hexadecimal(byte >> 4))
                self.bytes.append(Self.hexadecimal(byte & 15))
            default: self.bytes.append(byte)
            }
        }
        self.bytes.append(UInt8(ascii: "\""))
    }

    package mutating func value(_ value: Logger.MetadataValue) {
        switch value {
        case .string(let text): self.string(text)
        case .stringConvertible(let convertible):
            switch convertible {
            case let truth as Bool: self.raw(truth ? "true" : "false")
            case let whole as any BinaryInteger: self.raw(String(describing: whole))
            case let real as Double where real.isFinite: self.raw("\(real)")
            case let real as Float where real.isFinite: self.raw("\(real)")
            default: self.string(convertible.description)
            }
        case .array(let elements):
            self.bytes.append(UInt8(ascii: "["))
            for (index, element) in elements.enumerated() {
                if index > 0 { self.bytes.append(UInt8(ascii: ",")) }
                self.value(element)
            }
            self.bytes.append(UInt8(ascii: "]"))
        case .dictionary(let members):
            self.begin()
            for (name, member) in members.sorted(by: { $0.key < $1.key }) {
                self.key(name)
                self.value(member)
            }
            self.end()
        }
    }

    /// This microsecond, as a JSON string.
    package mutating func now() {
        var now = timespec()
        unsafe clock_gettime(CLOCK_REALTIME, &now)
        self.timestamp(seconds: Int64(now.tv_sec), microseconds: Int64(now.tv_nsec / 1000))
    }

    package mutating func timestamp(seconds: Int64, microseconds: Int64) {
        self.bytes.append(UInt8(ascii: "\""))
        self.plainTimestamp(seconds: seconds, microseconds: microseconds)
        self.bytes.append(UInt8(ascii: "\""))
    }

    /// ISO-8601 in UTC with microseconds. The date after Howard Hinnant, "chrono-compatible low-level date algorithms", from 1970 on.
    mutating func plainTimestamp(seconds: Int64, microseconds: Int64) {
        let days = seconds / 86_400 + 719_468
        let era = days / 146_097
        let dayOfEra = days % 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shifted = (5 * dayOfYear + 2) / 153
        let month = shifted < 10 ? shifted + 3 : shifted - 9
        self.digits(yearOfEra + era * 400 + (month <= 2 ? 1 : 0), 4)
        self.separated("-", month, 2)
        self.separated("-", dayOfYear - (153 * shifted + 2) / 5 + 1, 2)
        let second = seconds % 86_400
        self.separated("T", second / 3600, 2)
        self.separated(":", second / 60 % 60, 2)
        self.separated(":", second % 60, 2)
        self.separated(".", microseconds, 6)
        self.bytes.append(UInt8(ascii: "Z"))
    }

    private mutating func separated(_ separator: Unicode.Scalar, _ value: Int64, _ width: Int) {
        self.bytes.append(UInt8(ascii: separator))
        self.digits(value, width)
    }

    private mutating func digits(_ value: Int64, _ width: Int) {
        var divisor: Int64 = 1
        for _ in 1..<width { divisor *= 10 }
        while divisor > 0 {
            self.bytes.append(UInt8(ascii: "0") + UInt8(value / divisor % 10))
            divisor /= 10
        }
    }

    private static func hexadecimal(_ digit: UInt8) -> UInt8 {
        digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10
    }
}
