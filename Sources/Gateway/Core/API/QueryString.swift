/// The parameters after a path's `?`, decoded.
struct QueryString {
    struct Parameter: Hashable {
        var name: String
        /// `nil` when what is behind the `%` is no hexadecimal or no UTF-8.
        var value: String?
    }

    let parameters: [Parameter]

    init(_ text: String?) {
        guard let text, !text.isEmpty else {
            self.parameters = []
            return
        }
        self.parameters = text.utf8.split(separator: UInt8(ascii: "&")).map { pair in
            let parts = pair.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
            return Parameter(name: Self.decoded(parts[0]) ?? "", value: parts.count > 1 ? Self.decoded(parts[1]) : "")
        }
    }

    private static func decoded(_ bytes: Substring.UTF8View.SubSequence) -> String? {
        guard bytes.contains(where: { $0 == UInt8(ascii: "%") || $0 == UInt8(ascii: "+") || $0 >= 0x80 }) else {
            return String(Substring(bytes))
        }
        var output: [UInt8] = []
        output.reserveCapacity(bytes.count)
        var iterator = bytes.makeIterator()
        while let byte = iterator.next() {
            switch byte {
            case UInt8(ascii: "+"): output.append(UInt8(ascii: " "))
            case UInt8(ascii: "%"):
                guard let high = iterator.next(), let low = iterator.next(),
                    let first = Character(Unicode.Scalar(high)).hexDigitValue, let second = Character(Unicode.Scalar(low)).hexDigitValue
                else { return nil }
                output.append(UInt8(first << 4 | second))
            default: output.append(byte)
            }
        }
        return String(validating: output, as: UTF8.self)
    }
}
