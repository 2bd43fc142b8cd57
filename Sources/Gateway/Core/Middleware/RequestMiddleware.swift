internal import Domain
internal import HTTPTypes
internal import HummingbirdCore
internal import Mesh
internal import NIOCore
internal import Telemetry
internal import Hummingbird
internal import Logging

/// Outermost: names the request, times, counts and logs it, and gives every error its one shape.
///
/// Leaves the body alone, so that an answer still goes out in one write.
struct RequestMiddleware: RouterMiddleware {
    typealias Context = GatewayRequestContext

    let table: RouteTable
    let metrics: GatewayMetrics
    let budget: Duration
    let clientAddress: ClientAddress
    let traces: TraceRecorder?
    let now: @Sendable () -> Timestamp
    let logger: Logger

    @concurrent func handle(
        _ request: Request, context: Context, next: @concurrent (Request, Context) async throws -> Response
    ) async throws -> Response {
        let start = ContinuousClock.now
        var context = context
        let caller = request.headers[.traceParent].flatMap { TraceContext(traceparent: $0) }
        context.scope = RequestScope(
            requestID: request.headers[.requestID].flatMap(Self.sane) ?? RandomUUID.make(),
            trace: self.trace(of: caller),
            deadline: .after(self.budget),
            receivedAt: self.now(),
            clientAddress: self.clientAddress.resolve(peer: context.peer, forwarded: request.headers[values: .forwardedFor]))
        let span = self.begin(context.scope.trace, caller: caller)
        self.metrics.inFlight.add(1)
        defer { self.metrics.inFlight.add(-1) }

        var response: Response
        do {
            let logContext = LogContext(requestID: context.scope.requestID, traceID: context.scope.trace.traceID)
            response = try await LogContext.$current.withValue(logContext) {
                guard let span else { return try await next(request, context) }
                return try await TraceSpan.$current.withValue(span) { try await next(request, context) }
            }
        } catch {
            response = self.apiError(for: error, request: request, scope: context.scope)
                .response(requestID: context.scope.requestID, at: self.now())
        }
        if request.method == .head { response = response.createHeadResponse() }
        let elapsed = start.duration(to: .now)
        response.headers[.requestID] = context.scope.requestID
        response.headers[.processTime] = elapsed.secondsText
        let route = self.route(of: context)
        self.metrics.answered(method: request.method, route: route, status: response.status, in: elapsed)
        if let span { self.finish(span, request, route: route, status: response.status, scope: context.scope) }
        self.log(request, route: route, status: response.status, elapsed: elapsed, scope: context.scope)
        return response
    }

    // MARK: Trace

    /// A span of the caller's trace, or a trace that begins here.
    private func trace(of caller: TraceContext?) -> TraceContext {
        if let caller { return caller.child() }
        var trace = TraceContext.random()
        trace.sampled = self.traces?.samples(trace.traceLow) ?? false
        return trace
    }

    private func begin(_ trace: TraceContext, caller: TraceContext?) -> TraceSpan? {
        self.traces?.begin(
            "HTTP", traceHigh: trace.traceHigh, traceLow: trace.traceLow, isSampled: trace.sampled, id: trace.span, parent: caller?.span ?? 0)
    }

    private func finish(_ span: TraceSpan, _ request: Request, route: String, status: HTTPResponse.Status, scope: RequestScope) {
        self.traces?.finish(span, failure: status.kind == .serverError ? "\(status.code)" : nil) { record in
            let method = GatewayMetrics.name(of: request.method)
            record.name = "\(method) \(route)"
            record.attributes += [
                SpanAttribute("http.request.method", method), SpanAttribute("http.route", route),
                SpanAttribute("http.response.status_code", status.code), SpanAttribute("duet.request_id", scope.requestID),
            ]
        }
    }

    /// The pattern, never the address itself, which holds identifiers.
    private func route(of context: Context) -> String {
        switch context.endpointPath {
        case nil, "NotFound": "unmatched"
        case let path?: path
        }
    }

    private func apiError(for error: any Error, request: Request, scope: RequestScope) -> APIError {
        switch error {
        case let error as APIError:
            return error
        case let error as RepositoryError:
            if let known = APIError(error) { return known }
        case let error as HTTPError where error.status == .notFound:
            let methods = self.table.methods(at: request.uri.path)
            // Where the method would fit, the router has followed a literal segment into nothing.
            return methods.isEmpty || methods.contains(request.method) ? .unknownRoute : .methodNotAllowed(methods)
        case let error as HTTPError where error.status == .contentTooLarge:
            return .tooLarge
        case is NIOTooManyBytesError:
            return .tooLarge
        case is CancellationError:
            return .unavailable("The service")
        default:
            break
        }
        self.logger.error(
            "Request failed", metadata: ["request_id": "\(scope.requestID)", "error": "\(String(reflecting: type(of: error)))", "cause": "\(error)"])
        return APIError(.internalServerError, "Something went wrong here.")
    }

    private func log(_ request: Request, route: String, status: HTTPResponse.Status, elapsed: Duration, scope: RequestScope) {
        self.logger.info(
            "Request answered",
            metadata: [
                "method": .string(request.method.rawValue), "route": .string(route), "status": .stringConvertible(status.code),
                "duration_ms": .stringConvertible(elapsed.milliseconds.rounded(toPlaces: 3)), "request_id": .string(scope.requestID),
                "trace_id": .string(scope.trace.traceID),
            ])
    }

    /// A client's own name for its request is kept if it is short and plain: it ends up in logs.
    private static func sane(_ id: String) -> String? {
        let isPlain = id.utf8.allSatisfy { byte in
            (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
                || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_") || byte == UInt8(ascii: ".") || byte == UInt8(ascii: ":")
        }
        return (1...128).contains(id.utf8.count) && isPlain ? id : nil
    }
}
