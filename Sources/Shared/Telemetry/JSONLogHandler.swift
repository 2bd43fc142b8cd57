import Glibc
public import Logging

/// Writes each event as one line, with one `write(2)`: JSON with the specification's keys, or text.
///
/// The keys are `timestamp`, `level`, `message`, `service`, `pid`, `replica`, `request_id` and `trace_id` where there are any, then the
/// metadata by name, with `.` and `-` turned into `_`. Numbers and truth values given as `.stringConvertible` stay numbers in JSON.
public struct JSONLogHandler: LogHandler {
    /// Says which request the calling task works for.
    public typealias ContextProvider = @Sendable () -> LogContext?

    /// Follows ``LogControl`` unless it was set.
    public var logLevel: Logger.Level {
        get { self.ownLevel ?? self.control.level }
        set { self.ownLevel = newValue }
    }
    public var metadata: Logger.Metadata = [:]
    public var metadataProvider: Logger.MetadataProvider?
    private var ownLevel: Logger.Level?
    private let control: LogControl
    private let journal: LogJournal?
    private let identity: LogIdentity
    private let format: LogFormat
    private let context: ContextProvider
    private let sink: @Sendable ([UInt8]) -> Void

    /// - Parameters:
    ///   - service: Name of the service, as in discovery.
    ///   - replica: Name of this process among its service's, if it has one.
    ///   - control: Says the lowest level that is written.
    ///   - journal: Groups warnings and errors, and limits how often the same is written.
    ///   - context: Asked at each event; the default is ``LogContext/current``.
    public init(
        service: String, replica: String? = nil, control: LogControl = .shared, journal: LogJournal? = nil, format: LogFormat = .json,
        context: @escaping ContextProvider = { LogContext.current }
    ) {
        self.init(
            service: service, replica: replica, control: control, journal: journal, format: format, context: context,
            sink: { StandardError.write($0) })
    }

    package init(
        service: String, replica: String? = nil, control: LogControl = LogControl(level: .info), journal: LogJournal? = nil,
        format: LogFormat = .json, processID: Int32 = getpid(), context: @escaping ContextProvider = { LogContext.current },
        sink: @escaping @Sendable ([UInt8]) -> Void
    ) {
        self.control = control
        self.journal = journal
        self.identity = LogIdentity(service: service, replica: replica, processID: processID)
        self.format = format
        self.context = context
        self.sink = sink
    }

    public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { self.metadata[key] }
        set { self.metadata[key] = newValue }
    }

    public func log(event: LogEvent) {
        var now = timespec()
        unsafe clock_gettime(CLOCK_REALTIME, &now)
        self.write(event, seconds: Int64(now.tv_sec), microseconds: Int64(now.tv_nsec / 1000))
    }

    package func write(_ event: LogEvent, seconds: Int64, microseconds: Int64) {
        var fields = self.metadata
        if let provided = self.metadataProvider?.get() { fields.merge(provided) { $1 } }
        if let given = event.metadata { fields.merge(given) { $1 } }
        if let error = event.error, fields["error"] == nil { fields["error"] = .string(String(describing: error)) }
        let message = event.message.description
        let context = self.context()
        if event.level >= .warning, let journal = self.journal {
            let cause = (fields["cause"] ?? fields["error"]).map { "\($0)" } ?? ""
            guard
                let suppressed = journal.admit(
                    event.level, message, cause: cause, context: context, seconds: seconds, microseconds: microseconds)
            else { return }
            if suppressed > 0 { fields["suppressed"] = .stringConvertible(suppressed) }
        }
        let line = LogLine(
            seconds: seconds, microseconds: microseconds, level: event.level, message: message, identity: self.identity,
            context: context, fields: fields)
        self.sink(self.format == .json ? line.json : line.text)
    }
}

/// Who writes.
struct LogIdentity: Sendable {
    let service: String
    let replica: String?
    let processID: Int32
}
