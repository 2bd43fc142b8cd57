import Logging
import ServiceRuntime
import Telemetry

/// The log of the command line itself.
enum Logs {
    /// Lines for people on standard error, from WARNING on unless `LOG_LEVEL` says otherwise.
    static func start(level: Logger.Level = .warning) -> Logger {
        let wanted = EnvironmentVariables.current["LOG_LEVEL"].flatMap { Logger.Level(standardName: $0) } ?? level
        LoggingSystem.bootstrap { _ in JSONLogHandler(service: "duet", control: LogControl(level: wanted), format: .text) }
        return Logger(label: "duet")
    }
}

extension Logger {
    /// For commands whose errors are sentences of their own.
    static var quiet: Logger { Logger(label: "duet") { _ in SwiftLogNoOpLogHandler() } }
}
