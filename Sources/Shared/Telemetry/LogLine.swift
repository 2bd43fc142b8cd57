import Logging

/// One event, ready to be written.
struct LogLine {
    let seconds: Int64
    let microseconds: Int64
    let level: Logger.Level
    let message: String
    let identity: LogIdentity
    let context: LogContext?
    let fields: Logger.Metadata

    /// A JSON object and a line feed.
    var json: [UInt8] {
        var writer = JSONWriter()
        writer.begin()
        writer.key("timestamp")
        writer.timestamp(seconds: self.seconds, microseconds: self.microseconds)
        writer.field("level", self.level.standardName)
        writer.field("message", self.message)
        writer.field("service", self.identity.service)
        writer.key("pid")
        writer.raw(String(self.identity.processID))
        if let replica = self.identity.replica { writer.field("replica", replica) }
        if let requestID = self.context?.requestID { writer.field("request_id", requestID) }
        if let traceID = self.context?.traceID { writer.field("trace_id", traceID) }
        for (name, value) in self.sortedFields {
            writer.key(name)
            writer.value(value)
        }
        writer.end()
        writer.raw("\n")
        return writer.bytes
    }

    /// `2024-01-20T10:30:00.000123Z INFO ranking[42] message key=value`.
    var text: [UInt8] {
        var writer = JSONWriter()
        writer.plainTimestamp(seconds: self.seconds, microseconds: self.microseconds)
        let name = self.identity.replica ?? self.identity.service
        // A line feed inside would break the rule of one line an event.
        let message = self.message.replacing("\n", with: "\\n")
        writer.raw(" \(self.level.standardName) \(name)[\(self.identity.processID)] \(message)")
        if let requestID = self.context?.requestID { writer.raw(" request_id=\(requestID)") }
        for (name, value) in self.sortedFields { writer.raw(" \(name)=\("\(value)".replacing("\n", with: "\\n"))") }
        writer.raw("\n")
        return writer.bytes
    }

    private static let reserved: Set<String> = ["timestamp", "level", "message", "service", "pid", "replica"]

    /// Metadata by its JSON name. A reserved name gets a trailing `_`; identifiers that the context has given are left out.
    private var sortedFields: [(String, Logger.MetadataValue)] {
        var result: [(String, Logger.MetadataValue)] = []
        result.reserveCapacity(self.fields.count)
        for (key, value) in self.fields {
            var name = key.contains { $0 == "." || $0 == "-" } ? String(key.map { $0 == "." || $0 == "-" ? "_" : $0 }) : key
            if Self.reserved.contains(name) { name += "_" }
            if name == "request_id", self.context?.requestID != nil { continue }
            if name == "trace_id", self.context?.traceID != nil { continue }
            result.append((name, value))
        }
        result.sort { $0.0 < $1.0 }
        return result
    }
}
