extension Settings {
    /// Values given as flags. A flag for a truth value may stand alone: `--debug`.
    static func flags(in arguments: [String]) throws(SettingsError) -> [SettingName: String] {
        let names = Dictionary(uniqueKeysWithValues: SettingName.allCases.map { ($0.flag, $0) })
        var values: [SettingName: String] = [:]
        var problems: [String] = []
        var index = 0
        while index < arguments.count {
            let argument = arguments[index]
            index += 1
            let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = names[String(parts[0])] else {
                problems.append("\(parts[0]) is no option of this program; --help lists them.")
                continue
            }
            var value = parts.count == 2 ? String(parts[1]) : nil
            if value == nil, case .flag = name.description.kind, index == arguments.count || arguments[index].hasPrefix("--") {
                value = "true"
            }
            if value == nil, index < arguments.count, !arguments[index].hasPrefix("--") {
                value = arguments[index]
                index += 1
            }
            if name.description.isSecret {
                problems.append("\(name.flag) would show a secret to every user of this machine: set \(name.rawValue) in the environment.")
            } else if let value {
                values[name] = value
            } else {
                problems.append("\(name.flag) needs a value: \(name.description.allowed).")
            }
        }
        guard problems.isEmpty else { throw SettingsError(problems: problems) }
        return values
    }
}
