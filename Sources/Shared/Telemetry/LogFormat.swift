public import Logging

/// How log lines look.
public enum LogFormat: String, Sendable, CaseIterable {
    /// One JSON object a line.
    case json
    /// For people: time, level, service, message, `key=value`.
    case text
}

extension Logger.Level {
    /// The specification's name of the level: DEBUG, INFO, WARNING, ERROR or CRITICAL.
    public var standardName: String {
        switch self {
        case .trace, .debug: "DEBUG"
        case .info, .notice: "INFO"
        case .warning: "WARNING"
        case .error: "ERROR"
        case .critical: "CRITICAL"
        }
    }

    /// Reads the specification's name, in any case.
    public init?(standardName: String) {
        switch standardName.uppercased() {
        case "DEBUG": self = .debug
        case "INFO": self = .info
        case "WARNING": self = .warning
        case "ERROR": self = .error
        case "CRITICAL": self = .critical
        default: return nil
        }
    }
}
