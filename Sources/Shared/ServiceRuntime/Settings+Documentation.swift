extension Settings {
    /// The documented example file: every variable with what it means and its default, all commented out.
    public static var documentation: String {
        var text = """
            # Environment of Duet's processes. Every line is optional and shows the default.
            # The same names work as flags of the services (PORT as --port), secrets excepted.

            """
        for group in SettingDescription.Group.allCases {
            text += "\n# ---- \(group.rawValue) ----\n"
            for name in SettingName.allCases where name.description.group == group {
                let entry = name.description
                text += "\n# \(entry.summary)\n# Allowed: \(entry.allowed).\n#\(name.rawValue)=\(Self.quoted(entry.defaultValue ?? ""))\n"
            }
        }
        return text
    }

    /// What `--help` of a service prints.
    public static func help(program: String) -> String {
        var text = "Usage: \(program) [--name value …]\n\nEvery option can be given as an environment variable, secrets only so.\n"
        for group in SettingDescription.Group.allCases {
            text += "\n\(group.rawValue)\n"
            for name in SettingName.allCases where name.description.group == group {
                let entry = name.description
                let title = entry.isSecret ? name.rawValue : "\(name.flag), \(name.rawValue)"
                let fallback = entry.defaultValue.map { "; default \($0)" } ?? ""
                text += "  \(title)\n      \(entry.summary)\n      \(entry.allowed)\(fallback)\n"
            }
        }
        return text
    }

    private static func quoted(_ value: String) -> String { value.contains(" ") ? "\"\(value)\"" : value }
}
