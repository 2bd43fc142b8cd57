internal import HTTPTypes

/// The description of the API (OpenAPI 3.1), made from the routes that the server runs.
struct OpenAPIDocument {
    let bytes: [UInt8]

    init(_ table: RouteTable, title: String) {
        var writer = JSONSchemaWriter()
        let paths = Self.paths(table, &writer)
        var value: JSONValue = [
            "openapi": "3.1.0",
            "jsonSchemaDialect": "https://spec.openapis.org/oas/3.1/dialect/base",
            "info": [
                "title": .string(title), "version": "1.0.0", "summary": "Recommends people to people.",
                "description": .string(Self.introduction),
            ],
            "servers": [["url": "/", "description": "This server"]],
            "tags": .array(Self.tags.map { ["name": .string($0.name), "description": .string($0.summary)] }),
            "security": [["bearer": []]],
            "paths": paths,
        ]
        let responses = Self.sharedAnswers(table, &writer)
        value = value.setting(
            "components",
            [
                "securitySchemes": [
                    "bearer": [
                        "type": "http", "scheme": "bearer", "bearerFormat": "JWT",
                        "description": "Claims: `sub` (a user's id, or a service's name), `role` (`user`, `service`, `admin`), `exp`, `aud`.",
                    ]
                ],
                "schemas": .object(writer.components.map { .init($0.name, $0.schema) }),
                "responses": .object(responses),
                "headers": .object(Self.headers.map { .init($0.name, Self.header($0, &writer)) }),
                "parameters": ["IdempotencyKey": Self.idempotencyKey],
            ])
        self.bytes = JSONWriter.bytes(reservingCapacity: 128 * 1024) { $0.value(value) }
    }

    // MARK: Operations

    private static func paths(_ table: RouteTable, _ writer: inout JSONSchemaWriter) -> JSONValue {
        var paths: [JSONValue.Member] = []
        for route in table.routes where route.isListed {
            let operation = JSONValue.Member(route.method.rawValue.lowercased(), self.operation(route, &writer))
            if let index = paths.firstIndex(where: { $0.name == route.path }) {
                paths[index].value = paths[index].value.setting(operation.name, operation.value)
            } else {
                paths.append(.init(route.path, .object([operation])))
            }
        }
        return .object(paths)
    }

    private static func operation(_ route: Route, _ writer: inout JSONSchemaWriter) -> JSONValue {
        var value: JSONValue = [
            "operationId": .string(route.operation), "tags": [.string(route.tag)], "summary": .string(route.summary),
        ]
        let description = [route.details, self.access(route)].filter { !$0.isEmpty }.joined(separator: "\n\n")
        if !description.isEmpty { value = value.setting("description", .string(description)) }
        if route.access == .open { value = value.setting("security", []) }
        var parameters = route.parameters.map { self.parameter($0, &writer) }
        if route.method == .post { parameters.append(["$ref": "#/components/parameters/IdempotencyKey"]) }
        if !parameters.isEmpty { value = value.setting("parameters", .array(parameters)) }
        if let body = route.body {
            var content: JSONValue = ["schema": writer.write(body, isClosed: true)]
            if let example = route.example { content = content.setting("example", example) }
            var types = [JSONValue.Member("application/json", content)]
            if let lines = route.linesOfBody {
                types.append(.init("application/x-ndjson", ["schema": ["type": "string", "description": .string(lines)]]))
            }
            value = value.setting("requestBody", ["required": .bool(route.isBodyRequired), "content": .object(types)])
        }
        return value.setting("responses", .object(self.answers(route, &writer)))
    }

    private static func access(_ route: Route) -> String {
        guard case .roles(let roles) = route.access else { return "" }
        return "Needs the role \(roles.map { "`\($0.rawValue)`" }.sorted().joined(separator: " or "))."
    }

    private static func parameter(_ parameter: Parameter, _ writer: inout JSONSchemaWriter) -> JSONValue {
        var schema = writer.write(parameter.schema, isClosed: true)
        if let value = parameter.defaultValue { schema = schema.setting("default", value) }
        var value: JSONValue = [
            "name": .string(parameter.name), "in": .string(parameter.place.rawValue), "required": .bool(parameter.isRequired),
        ]
        if !parameter.summary.isEmpty { value = value.setting("description", .string(parameter.summary)) }
        if let example = parameter.example { value = value.setting("example", example) }
        return value.setting("schema", schema)
    }

    // MARK: Answers

    private static func answers(_ route: Route, _ writer: inout JSONSchemaWriter) -> [JSONValue.Member] {
        route.allAnswers.sorted { $0.status < $1.status }.map { answer in
            let value: JSONValue =
                answer.component.map { ["$ref": .string("#/components/responses/\($0)")] } ?? self.answer(answer, &writer)
            return .init(String(answer.status), value)
        }
    }

    private static func sharedAnswers(_ table: RouteTable, _ writer: inout JSONSchemaWriter) -> [JSONValue.Member] {
        var shared: [JSONValue.Member] = []
        for answer in table.routes.flatMap(\.allAnswers) {
            guard let name = answer.component, !shared.contains(where: { $0.name == name }) else { continue }
            shared.append(.init(name, self.answer(answer, &writer)))
        }
        return shared
    }

    private static func answer(_ answer: Route.Answer, _ writer: inout JSONSchemaWriter) -> JSONValue {
        var headers = [Route.Header.requestID, .processTime] + Route.Header.rateLimit + answer.headers
        if answer.status == 429 || answer.status == 503 { headers.append(.retryAfter) }
        var value: JSONValue = [
            "description": .string(answer.summary),
            "headers": .object(headers.map { .init($0.name, ["$ref": .string("#/components/headers/\($0.name)")]) }),
        ]
        if let schema = answer.schema {
            value = value.setting("content", .object([.init(answer.mediaType, ["schema": writer.write(schema, isClosed: false)])]))
        }
        guard !answer.links.isEmpty else { return value }
        return value.setting(
            "links",
            .object(
                answer.links.map { link in
                    let parameters = JSONValue.object(link.parameters.map { .init($0.name, .string($0.expression)) })
                    return .init(link.operation, ["operationId": .string(link.operation), "parameters": parameters])
                }))
    }

    private static let headers: [Route.Header] =
        [
            .requestID, .processTime, .retryAfter, .location, .nextCursor, .link,
        ] + Route.Header.rateLimit

    private static func header(_ header: Route.Header, _ writer: inout JSONSchemaWriter) -> JSONValue {
        ["description": .string(header.summary), "schema": writer.write(header.schema, isClosed: false)]
    }

    private static let idempotencyKey: JSONValue = [
        "name": "Idempotency-Key", "in": "header", "required": false,
        "description": "Up to 255 visible ASCII characters. The same key with the same request gets the same answer for 24 hours.",
        "schema": ["type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"],
    ]

    // MARK: Words

    private static let tags: [(name: String, summary: String)] = [
        ("users", "People: create, read, change, erase, list and search"),
        ("interactions", "What people do towards each other"),
        ("recommendations", "People to meet, and why"),
        ("privacy", "What is held about a person, and its erasure"),
        ("admin", "Models, the mesh, caches, revoked tokens and the audit log"),
        ("health", "How the system is"),
    ]

    private static let introduction = """
        Duet recommends people to people in two stages: it gathers candidates, then ranks them by the probability that both sides like each \
        other.

        **Errors** have one shape, `{error, detail, request_id, timestamp}`; after a failed validation `detail` lists `{loc, msg, type}` with \
        the way to each fault. **Lists** are bare arrays; `X-Next-Cursor` and `Link` lead to the next page, stable while rows are added. \
        **Every `POST`** takes an `Idempotency-Key`. **Times** are ISO-8601 in UTC.

        A client is generated from this document by the usual tools, for example \
        `openapi-generator-cli generate -i http://127.0.0.1:8000/openapi.json -g typescript-fetch -o client` or \
        `openapi-python-client generate --url http://127.0.0.1:8000/openapi.json`.
        """
}
