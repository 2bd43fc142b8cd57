internal import HTTPTypes
internal import Hummingbird
internal import HummingbirdCore
internal import NIOCore

/// Runs one route: who is asking, what they ask, whether it makes sense, and only then the handler.
struct RouteDispatcher: Sendable {
    let verifier: TokenVerifier
    /// Bytes of a body at most.
    let bodyLimit: Int

    func respond(_ route: Route, _ request: Request, _ context: GatewayRequestContext) async throws -> Response {
        let identity = try await self.identity(for: route, request)
        let arguments = try Arguments(
            route.parameters,
            path: { name in context.parameters.get(name).map { String($0) } },
            query: QueryString(request.uri.query))
        var body: JSONValue?
        if let schema = route.body { body = try await self.body(of: request, schema: schema, isRequired: route.isBodyRequired) }
        return try await route.handler(
            RouteRequest(
                arguments: arguments, body: body, identity: identity, scope: context.scope, headers: request.headers,
                target: request.uri.string))
    }

    private func identity(for route: Route, _ request: Request) async throws(APIError) -> Identity {
        if route.access == .open { return .anonymous }
        let identity = try await self.verifier.identity(authorization: request.headers[.authorization])
        if case .roles(let roles) = route.access {
            guard let role = identity.role, roles.contains(role) else { throw .forbidden("This needs another role.") }
        }
        return identity
    }

    private func body(of request: Request, schema: Schema, isRequired: Bool) async throws -> JSONValue? {
        if let length = request.headers[.contentLength].flatMap({ Int($0) }), length > self.bodyLimit { throw APIError.tooLarge }
        let contentType = request.headers[.contentType]
        if let contentType, !Self.isJSON(contentType) {
            throw APIError(.unsupportedMediaType, "The body must be application/json.")
        }
        let buffer = try await request.body.collect(upTo: self.bodyLimit)
        if buffer.readableBytes == 0 {
            guard isRequired else { return nil }
            throw APIError.invalid([.init([.name("body")], "is required", type: "missing")])
        }
        guard contentType != nil else { throw APIError(.unsupportedMediaType, "The body must be application/json.") }
        let value: JSONValue
        do {
            value = try JSONParser.parse(Array(buffer.readableBytesView))
        } catch {
            throw APIError.malformed(error)
        }
        let faults = schema.faults(in: value, at: [.name("body")])
        guard faults.isEmpty else { throw APIError.invalid(faults) }
        return value
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
