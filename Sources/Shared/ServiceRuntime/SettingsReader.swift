import Telemetry

/// Reads values one by one and collects what is wrong with them.
struct SettingsReader {
    private let given: [SettingName: String]
    private(set) var problems: [String] = []

    /// - Parameter given: Values as they came; an empty one counts as unset.
    init(_ given: [SettingName: String]) {
        self.given = given.filter { !$0.value.isEmpty }
    }

    /// The given value, else the default.
    func value(_ name: SettingName) -> String? {
        self.given[name] ?? name.description.defaultValue
    }

    func isGiven(_ name: SettingName) -> Bool { self.given[name] != nil }

    mutating func text(_ name: SettingName) -> String? {
        guard let value = self.value(name) else { return nil }
        if case .path(let maximum) = name.description.kind, value.utf8.count > maximum { self.refuse(name) }
        if value.utf8.contains(0) { self.refuse(name) }
        return value
    }

    mutating func flag(_ name: SettingName) -> Bool {
        switch self.value(name)?.lowercased() {
        case "true", "1", "yes", "on": return true
        case "false", "0", "no", "off", nil: return false
        default:
            self.refuse(name)
            return false
        }
    }

    mutating func integer(_ name: SettingName) -> Int? {
        guard let text = self.value(name), case .integer(let range) = name.description.kind else { return nil }
        guard let value = Int(text), range.contains(value) else {
            self.refuse(name)
            return nil
        }
        return value
    }

    mutating func number(_ name: SettingName) -> Double? {
        guard let text = self.value(name), case .number(let range) = name.description.kind else { return nil }
        guard let value = Double(text), range.contains(value) else {
            self.refuse(name)
            return nil
        }
        return value
    }

    /// The word as the table spells it.
    mutating func choice(_ name: SettingName) -> String? {
        guard let text = self.value(name), case .choice(let words) = name.description.kind else { return nil }
        guard let word = words.first(where: { $0.lowercased() == text.lowercased() }) else {
            self.refuse(name)
            return nil
        }
        return word
    }

    /// A URL with one of the allowed schemes. `postgresql+asyncpg://` and its like lose the driver, `postgres://` becomes `postgresql://`.
    mutating func url(_ name: SettingName) -> String? {
        guard let text = self.value(name), case .url(let schemes, let keywords) = name.description.kind else { return nil }
        guard let end = text.firstRange(of: "://")?.lowerBound else {
            if keywords, text.contains("=") { return text }
            self.refuse(name)
            return nil
        }
        let scheme = text[..<end].prefix { $0 != "+" }
        guard schemes.contains(String(scheme)), scheme.count == text[..<end].count || scheme.hasPrefix("postgres") else {
            self.refuse(name)
            return nil
        }
        return (scheme == "postgres" ? "postgresql" : String(scheme)) + String(text[end...])
    }

    /// A URL that is the address of a receiver of traces.
    mutating func receiver(_ name: SettingName) -> TraceEndpoint? {
        guard let url = self.url(name) else { return nil }
        guard let endpoint = TraceEndpoint(url) else {
            self.refuse(name)
            return nil
        }
        return endpoint
    }

    mutating func require(_ name: SettingName) {
        if self.value(name) == nil { self.problems.append("\(name.rawValue) is not set: \(name.description.summary)") }
    }

    private mutating func refuse(_ name: SettingName) {
        let description = name.description
        let shown = description.isSecret ? "has a value (not shown) that is not allowed" : "is \"\(self.value(name) ?? "")\""
        self.problems.append("\(name.rawValue) \(shown); allowed: \(description.allowed).")
    }
}
