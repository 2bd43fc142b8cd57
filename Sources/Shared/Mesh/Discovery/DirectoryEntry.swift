/// The sidecar file that announces a socket: one flat JSON object.
package struct DirectoryEntry: Equatable, Sendable {
    package static let suffix = ".json"

    package var service: String
    package var version: String
    package var weight: Double
    /// Share of the calls of which it wants a copy; 0: it takes part in the calls themselves.
    package var shadowShare: Double
    package var pid: Int32
    /// File name of the socket, in the directory of the entry.
    package var socket: String
    /// Seconds since 1970.
    package var started: Int64

    package init(
        service: String, version: String, weight: Double, shadowShare: Double = 0, pid: Int32, socket: String, started: Int64
    ) {
        self.service = service
        self.version = version
        self.weight = weight
        self.shadowShare = shadowShare
        self.pid = pid
        self.socket = socket
        self.started = started
    }

    package var json: String {
        let weight = self.weight == self.weight.rounded() && self.weight < 1e9 ? "\(Int64(self.weight))" : "\(self.weight)"
        let shadow = self.shadowShare > 0 ? ",\"shadow\":\(self.shadowShare)" : ""
        return "{\"service\":\(FlatJSON.quoted(self.service)),\"version\":\(FlatJSON.quoted(self.version)),\"weight\":\(weight)\(shadow),"
            + "\"pid\":\(self.pid),\"socket\":\(FlatJSON.quoted(self.socket)),\"started\":\(self.started)}\n"
    }
}

extension DirectoryEntry {
    /// `nil` for a file that isn't an entry: it is left alone.
    package init?(json: [UInt8]) {
        guard let fields = FlatJSON.object(json),
            case .string(let service)? = fields["service"], case .string(let version)? = fields["version"],
            case .number(let weight)? = fields["weight"], case .number(let pid)? = fields["pid"],
            case .string(let socket)? = fields["socket"], case .number(let started)? = fields["started"],
            let pid = Int32(exactly: pid), pid > 0, let started = Int64(exactly: started.rounded()),
            weight > 0, !socket.isEmpty, !socket.utf8.contains(UInt8(ascii: "/"))
        else { return nil }
        var shadowShare = 0.0
        if case .number(let share)? = fields["shadow"] { shadowShare = share }
        self.init(
            service: service, version: version, weight: weight, shadowShare: shadowShare, pid: pid, socket: socket, started: started)
    }
}

/// JSON objects whose values are text, numbers, truth values or null: all that an entry needs.
package enum FlatJSON {
    package enum Value: Equatable {
        case string(String)
        case number(Double)
        case other
    }

    package static func quoted(_ text: String) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"", "\\": quoted += "\\\(scalar)"
            case _ where scalar.value < 0x20:
                let digits = String(scalar.value, radix: 16)
                quoted += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: quoted.unicodeScalars.append(scalar)
            }
        }
        return quoted + "\""
    }

    package static func object(_ bytes: [UInt8]) -> [String: Value]? {
        guard let text = String(validating: bytes, as: UTF8.self) else { return nil }
        var rest = Substring(text).unicodeScalars
        func skip(_ scalar: Unicode.Scalar) -> Bool {
            self.skipSpace(&rest)
            guard rest.first == scalar else { return false }
            rest.removeFirst()
            return true
        }
        var fields: [String: Value] = [:]
        guard skip("{") else { return nil }
        if !skip("}") {
            repeat {
                self.skipSpace(&rest)
                guard let key = self.string(&rest), skip(":"), let value = self.value(&rest) else { return nil }
                fields[key] = value
            } while skip(",")
            guard skip("}") else { return nil }
        }
        self.skipSpace(&rest)
        return rest.isEmpty ? fields : nil
    }

    private static func skipSpace(_ rest: inout Substring.UnicodeScalarView) {
        rest = rest.drop { $0 == " " || $0 == "\n" || $0 == "\t" || $0 == "\r" }
    }

    private static func value(_ rest: inout Substring.UnicodeScalarView) -> Value? {
        self.skipSpace(&rest)
        if rest.first == "\"" { return self.string(&rest).map(Value.string) }
        let word = String(rest.prefix { $0 != "," && $0 != "}" && $0 != " " && $0 != "\n" && $0 != "\t" && $0 != "\r" })
        rest = rest.dropFirst(word.unicodeScalars.count)
        if ["true", "false", "null"].contains(word) { return .other }
        guard let number = Double(word), number.isFinite else { return nil }
        return .number(number)
    }

    private static func string(_ rest: inout Substring.UnicodeScalarView) -> String? {
        guard rest.popFirst() == "\"" else { return nil }
        var text = String.UnicodeScalarView()
        while let scalar = rest.popFirst() {
            switch scalar {
            case "\"": return String(text)
            case "\\":
                guard let escaped = self.escaped(&rest) else { return nil }
                text.append(escaped)
            default: text.append(scalar)
            }
        }
        return nil
    }

    private static func escaped(_ rest: inout Substring.UnicodeScalarView) -> Unicode.Scalar? {
        switch rest.popFirst() {
        case "n": return "\n"
        case "t": return "\t"
        case "r": return "\r"
        case "b": return "\u{8}"
        case "f": return "\u{C}"
        case "u":
            let digits = String(rest.prefix(4))
            rest = rest.dropFirst(4)
            return UInt32(digits, radix: 16).flatMap(Unicode.Scalar.init)
        case let scalar? where scalar == "\"" || scalar == "\\" || scalar == "/": return scalar
        default: return nil
        }
    }
}
