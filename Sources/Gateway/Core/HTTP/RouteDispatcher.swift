internal import HTTPTypes
internal import Hummingbird
internal import HummingbirdCore
internal import Mesh
internal import NIOCore

/// Runs one route: who is asking, what they ask, whether it makes sense, and only then the handler.
struct RouteDispatcher: Sendable {
    let verifier: TokenVerifier
    let limits: RateLimits
    let idempotency: IdempotencyGuard
    /// Bytes of a body at most.
    let bodyLimit: Int

    func respond(_ route: Route, _ request: Request, _ context: GatewayRequestContext) async throws -> Response {
        let (identity, headers) = try await self.admitted(route, request, context)
        var scope = context.scope
        if let budget = route.budget { scope.deadline = .after(budget) }
        do {
            var response = try await RequestBudget.$deadline.withValue(scope.deadline) {
                try await self.answer(route, request, context, scope, identity)
            }
            headers?.add(to: &response.headers)
            return response
        } catch var error as APIError {
            headers?.add(to: &error.headers)
            throw error
        }
    }

    /// Who is asking, if they may, and what their limit says.
    private func admitted(
        _ route: Route, _ request: Request, _ context: GatewayRequestContext
    ) async throws(APIError) -> (Identity, RateLimitHeaders?) {
        if route.access == .open { return (.anonymous, try await self.limits.admit(address: context.scope.clientAddress)) }
        let identity: Identity
        do {
            identity = try await self.verifier.identity(authorization: request.headers[.authorization])
        } catch {
            // Guessing has its limit too.
            _ = try await self.limits.admit(address: context.scope.clientAddress)
            throw error
        }
        let headers = try await self.limits.admit(identity)
        if case .roles(let roles) = route.access {
            guard let role = identity.role, roles.contains(role) else {
                throw .forbidden("This needs another role.", headers: headers?.fields ?? [:])
            }
        }
        return (identity, headers)
    }

    private func answer(
        _ route: Route, _ request: Request, _ context: GatewayRequestContext, _ scope: RequestScope, _ identity: Identity
    ) async throws -> Response {
        let arguments = try Arguments(
            route.parameters,
            path: { name in context.parameters.get(name).map { String($0) } },
            query: QueryString(request.uri.query))
        var body: JSONValue?
        if let schema = route.body { body = try await self.body(of: request, route: route, schema: schema) }
        let asked = RouteRequest(
            arguments: arguments, body: body, identity: identity, scope: scope, headers: request.headers, target: request.uri.string)
        // The request itself is counted already.
        if let cost = route.cost?(asked), cost > 1 { _ = try await self.limits.admit(identity, cost: cost - 1) }
        guard route.method == .post, let key = try Self.idempotencyKey(route, asked) else { return try await route.handler(asked) }
        return try await self.idempotency.once(
            key, replay: { try await route.replay?(asked) }, perform: { try await route.handler(asked) })
    }

    private static func idempotencyKey(_ route: Route, _ request: RouteRequest) throws(APIError) -> IdempotencyKey? {
        guard let text = request.headers[.idempotencyKey] else { return nil }
        let content = JSONWriter.bytes { writer in
            writer.string(request.target)
            if let body = request.body { writer.value(body) }
        }
        return try IdempotencyKey(text, subject: request.identity, operation: route.operation, content: content)
    }

    private func body(of request: Request, route: Route, schema: Schema) async throws -> JSONValue? {
        let limit = route.bodyLimit ?? self.bodyLimit
        if let length = request.headers[.contentLength].flatMap({ Int($0) }), length > limit { throw APIError.tooLarge }
        let contentType = request.headers[.contentType]
        let isLines = route.linesOfBody != nil && contentType.map(Self.isLines) ?? false
        if let contentType, !isLines, !Self.isJSON(contentType) {
            throw APIError(.unsupportedMediaType, "The body must be application/json.")
        }
        let buffer = try await request.body.collect(upTo: limit)
        if buffer.readableBytes == 0 {
            guard route.isBodyRequired else { return nil }
            throw APIError.invalid([.init([.name("body")], "is required", type: "missing")])
        }
        guard contentType != nil else { throw APIError(.unsupportedMediaType, "The body must be application/json.") }
        let value = isLines ? try Self.lines(of: buffer) : try Self.value(of: buffer)
        let faults = Self.rows(schema, of: route).faults(in: value, at: [.name("body")])
        guard faults.isEmpty else { throw APIError.invalid(faults) }
        return value
    }

    /// Where each row has a result of its own, the list alone is looked at here.
    private static func rows(_ schema: Schema, of route: Route) -> Schema {
        guard route.linesOfBody != nil, case .array(_, let maximumCount) = schema else { return schema }
        return .array(.anything, maximumCount: maximumCount)
    }

    private static func value(of buffer: ByteBuffer) throws(APIError) -> JSONValue {
        do {
            return try JSONParser.parse(Array(buffer.readableBytesView))
        } catch {
            throw .malformed(error)
        }
    }

    /// One value a line (NDJSON), as a list. Blank lines are skipped.
    private static func lines(of buffer: ByteBuffer) throws(APIError) -> JSONValue {
        var values: [JSONValue] = []
        var start = 0
        for line in buffer.readableBytesView.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
            defer { start += line.count + 1 }
            guard line.contains(where: { $0 != 0x20 && $0 != 0x0D && $0 != 0x09 }) else { continue }
            do {
                values.append(try JSONParser.parse(Array(line)))
            } catch {
                throw .malformed(.init(message: "Line \(values.count + 1): \(error.message)", offset: start + error.offset))
            }
        }
        return .array(values)
    }

    private static func isLines(_ contentType: String) -> Bool {
        let type = contentType.lowercased().prefix { $0 != ";" }.trimmingBlanks
        return type == "application/x-ndjson" || type == "application/jsonl"
    }

    private static func isJSON(_ contentType: String) -> Bool {
        let parts = contentType.lowercased().split(separator: ";", omittingEmptySubsequences: false)
        let type = parts.first.map { $0.trimmingBlanks } ?? ""
        let isUTF8 = parts.dropFirst().allSatisfy { parameter in
            let text = parameter.trimmingBlanks
            return !text.hasPrefix("charset=") || text == "charset=utf-8" || text == #"charset="utf-8""#
        }
        return isUTF8 && (type == "application/json" || (type.hasPrefix("application/") && type.hasSuffix("+json")))
    }
}

extension StringProtocol {
    /// Without the white space at both ends.
    var trimmingBlanks: String {
        let scalars = self.unicodeScalars
        guard let first = scalars.firstIndex(where: { !$0.properties.isWhitespace }),
            let last = scalars.lastIndex(where: { !$0.properties.isWhitespace })
        else { return "" }
        return String(String.UnicodeScalarView(scalars[first...last]))
    }
}
