internal import Domain

/// Rows in the text format of COPY: tabs between, `\N` for NULL, backslashes before what is special.
struct CopyText {
    private(set) var bytes: [UInt8] = []
    private var isRowStart = true

    mutating func append(_ value: Int64?) {
        self.separate()
        guard let value else { return self.appendNull() }
        self.bytes.append(contentsOf: String(value).utf8)
    }

    mutating func append(_ value: Double?) {
        self.separate()
        guard let value else { return self.appendNull() }
        self.bytes.append(contentsOf: String(value).utf8)
    }

    mutating func append(_ value: Timestamp?) { self.append(value?.iso8601) }

    mutating func append(_ value: String?) {
        self.separate()
        guard let value else { return self.appendNull() }
        self.appendEscaped(value)
    }

    /// As a `text[]`: `{"a","b"}`, where quotes and backslashes are escaped once for the array and once for COPY.
    mutating func append(_ values: [String]) {
        self.separate()
        self.bytes.append(UInt8(ascii: "{"))
        for (index, value) in values.enumerated() {
            if index > 0 { self.bytes.append(UInt8(ascii: ",")) }
            var literal = "\""
            for scalar in value.unicodeScalars {
                if scalar == "\"" || scalar == "\\" { literal.unicodeScalars.append("\\") }
                literal.unicodeScalars.append(scalar)
            }
            self.appendEscaped(literal + "\"")
        }
        self.bytes.append(UInt8(ascii: "}"))
    }

    mutating func endRow() {
        self.bytes.append(UInt8(ascii: "\n"))
        self.isRowStart = true
    }

    private mutating func separate() {
        if !self.isRowStart { self.bytes.append(UInt8(ascii: "\t")) }
        self.isRowStart = false
    }

    private mutating func appendNull() { self.bytes.append(contentsOf: "\\N".utf8) }

    private mutating func appendEscaped(_ text: String) {
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\\"): self.bytes.append(contentsOf: "\\\\".utf8)
            case UInt8(ascii: "\n"): self.bytes.append(contentsOf: "\\n".utf8)
            case UInt8(ascii: "\r"): self.bytes.append(contentsOf: "\\r".utf8)
            case UInt8(ascii: "\t"): self.bytes.append(contentsOf: "\\t".utf8)
            default: self.bytes.append(byte)
            }
        }
    }
}
