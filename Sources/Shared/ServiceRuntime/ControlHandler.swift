import Logging
import Mesh
import MeshAPI
import Telemetry

/// What an operator may ask of any process.
struct ControlHandler: ControlServiceHandler {
    /// Name of the process among its service's; empty where it has none.
    let replica: String
    let metrics: MetricsRegistry
    let logger: Logger
    var control = LogControl.shared
    var journal = LogJournal.shared

    func readMetrics(_ request: ReadMetricsRequest, context: CallContext) async throws -> ReadMetricsResponse {
        var response = ReadMetricsResponse()
        response.replica = self.replica
        response.text = self.metrics.prometheusText()
        return response
    }

    func setLogLevel(_ request: SetLogLevelRequest, context: CallContext) async throws -> SetLogLevelResponse {
        var response = SetLogLevelResponse()
        response.replica = self.replica
        guard !request.level.isEmpty else {
            response.level = self.control.level.standardName
            response.previous = response.level
            return response
        }
        guard let level = Logger.Level(standardName: request.level) else {
            throw MeshError(.invalidArgument, "A level is DEBUG, INFO, WARNING, ERROR or CRITICAL, not \(request.level).")
        }
        response.previous = self.control.set(level).standardName
        response.level = level.standardName
        self.logger.debug("The log level was changed", metadata: ["from": .string(response.previous), "to": .string(response.level)])
        return response
    }

    func listErrors(_ request: ListErrorsRequest, context: CallContext) async throws -> ListErrorsResponse {
        var response = ListErrorsResponse()
        response.replica = self.replica
        response.groups = self.journal.groups.map { group in
            var message = ErrorGroup()
            message.fingerprint = group.fingerprint
            message.level = group.level.standardName
            message.message = group.message
            message.cause = group.cause
            message.count = group.count
            message.firstSeen = group.firstSeen
            message.lastSeen = group.lastSeen
            message.requestID = group.requestID ?? ""
            message.traceID = group.traceID ?? ""
            return message
        }
        return response
    }
}
