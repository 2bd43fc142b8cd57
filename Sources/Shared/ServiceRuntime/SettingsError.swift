/// Why a process can't start with the settings that it was given.
public struct SettingsError: Error, Sendable, Hashable, CustomStringConvertible {
    /// One sentence a problem, each naming the variable, its value unless secret, and what is allowed.
    public let problems: [String]

    public init(problems: [String]) { self.problems = problems }

    public var description: String { self.problems.joined(separator: "\n") }
}
