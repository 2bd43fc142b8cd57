import Glibc
public import Logging

/// Writes each event as one line, with one `write(2)`: JSON with the specification's keys, or text.
///
/// The keys are `timestamp`, `level`, `message`, `service`, `pid`, `replica`, `request_id` and `trace_id` where there are any, then the
/// metadata by name, with `.` and `-` turned into `_`. Numbers and truth values given as `.stringConvertible` stay numbers in JSON.
public struct JSONLogHandler: LogHandler {
    /// Says which request the calling task works for.
    public typealias ContextProvider = @Sendable () -> LogContext?

    public var logLevel: Logger.Level
    public var metadata: Logger.Metadata = [:]
    public var metadataProvider: Logger.MetadataProvider?
    private let identity: LogIdentity
    private let format: LogFormat
    private let context: ContextProvider
    private let sink: @Sendable ([UInt8]) -> Void

    /// - Parameters:
    ///   - service: Name of the service, as in discovery.
    ///   - replica: Name of this process among its service's, if it has one.
    ///   - context: Asked at each event; the default is ``LogContext/current``.
    public init(
        service: String, replica: String? = nil, level: Logger.Level = .info, format: LogFormat = .json,
        context: @escaping ContextProvider = { LogContext.current }
    ) {
        self.init(service: service, replica: replica, level: level, format: format, context: context, sink: { StandardError.write($0) })
    }

    package init(
        service: String, replica: String? = nil, level: Logger.Level = .info, format: LogFormat = .json, processID: Int32 = getpid(),
        context: @escaping ContextProvider = { LogContext.current }, sink: @escaping @Sendable ([UInt8]) -> Void
    ) {
        self.logLevel = level
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
        let line = LogLine(
            seconds: seconds, microseconds: microseconds, level: event.level, message: event.message.description,
            identity: self.identity, context: self.context(), fields: fields)
        self.sink(self.format == .json ? line.json : line.text)
    }
}

/// Who writes.
struct LogIdentity: Sendable {
    let service: String
    let replica: String?
    let processID: Int32
}
