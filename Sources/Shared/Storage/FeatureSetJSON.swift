/// A flat JSON object of numbers, `{"likes_sent_7d": 3, …}`: all that a feature set is.
package enum FeatureSetJSON {
    /// - Returns: `nil` if a value is not finite, which JSON can't say.
    package static func encode(_ values: [String: Double]) -> String? {
        var text = "{"
        for (name, value) in values {
            guard value.isFinite else { return nil }
            if text.utf8.count > 1 { text += "," }
            text += "\""
            for scalar in name.unicodeScalars {
                switch scalar {
                case "\"": text += "\\\""
                case "\\": text += "\\\\"
                case _ where scalar.value < 0x20:
                    let digits = String(scalar.value, radix: 16)
                    text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
                default: text.unicodeScalars.append(scalar)
                }
            }
            text += "\":\(value)"
        }
        return text + "}"
    }

    /// Reads what PostgreSQL prints of a `jsonb`; `nil` for anything but an object of numbers.
    package static func decode(_ text: String) -> [String: Double]? {
        var reader = Reader(rest: Array(text.utf8)[...])
        var values: [String: Double] = [:]
        guard reader.skip("{") else { return nil }
        if reader.skip("}") { return reader.isAtEnd ? values : nil }
        repeat {
            guard let name = reader.string(), reader.skip(":"), let value = reader.number() else { return nil }
            values[name] = value
        } while reader.skip(",")
        return reader.skip("}") && reader.isAtEnd ? values : nil
    }

    private struct Reader {
        var rest: ArraySlice<UInt8>

        private mutating func skipBlanks() { self.rest = self.rest.drop { $0 == 0x20 || $0 == 0x09 || $0 == 0x0A || $0 == 0x0D } }

        var isAtEnd: Bool { self.rest.allSatisfy { $0 == 0x20 || $0 == 0x0A } }

        mutating func skip(_ character: Unicode.Scalar) -> Bool {
            self.skipBlanks()
            guard let byte = self.rest.first, UInt32(byte) == character.value else { return false }
            self.rest.removeFirst()
            return true
        }

        mutating func number() -> Double? {
            self.skipBlanks()
            let digits = self.rest.prefix { $0 != UInt8(ascii: ",") && $0 != UInt8(ascii: "}") && $0 != 0x20 }
            self.rest.removeFirst(digits.count)
            guard let first = digits.first, first == UInt8(ascii: "-") || (0x30...0x39).contains(first) else { return nil }
            return Double(String(decoding: digits, as: UTF8.self))
        }

        mutating func string() -> String? {
            guard self.skip("\"") else { return nil }
            var bytes: [UInt8] = []
            while let byte = self.rest.popFirst() {
                switch byte {
                case UInt8(ascii: "\""): return String(decoding: bytes, as: UTF8.self)
                case UInt8(ascii: "\\"):
                    guard let scalar = self.escaped() else { return nil }
                    bytes += Array(String(Character(scalar)).utf8)
                default: bytes.append(byte)
                }
            }
            return nil
        }

        /// PostgreSQL escapes quotes, backslashes and control characters only.
        private mutating func escaped() -> Unicode.Scalar? {
            switch self.rest.popFirst() {
            case UInt8(ascii: "\""): return "\""
            case UInt8(ascii: "\\"): return "\\"
            case UInt8(ascii: "/"): return "/"
            case UInt8(ascii: "b"): return "\u{8}"
            case UInt8(ascii: "f"): return "\u{C}"
            case UInt8(ascii: "n"): return "\n"
            case UInt8(ascii: "r"): return "\r"
            case UInt8(ascii: "t"): return "\t"
            case UInt8(ascii: "u"):
                let digits = self.rest.prefix(4)
                self.rest.removeFirst(digits.count)
                return UInt32(String(decoding: digits, as: UTF8.self), radix: 16).flatMap(Unicode.Scalar.init)
            default: return nil
            }
        }
    }
}
