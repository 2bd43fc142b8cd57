internal import HTTPTypes
internal import Hummingbird

/// The operator's page. It holds nothing but itself: what it shows it asks of the API, with a token that it asks of its user.
struct DashboardRoutes: Sendable {
    private struct Part: Sendable {
        var content: ByteBuffer
        var mediaType: String
    }

    private let page: ByteBuffer
    private let parts: [String: Part]

    init() {
        let files = DashboardAssets.files
        let source = String(decoding: files.first { $0.name == "index.html" }?.content ?? [], as: UTF8.self)
        self.page = ByteBuffer(string: source.replacing("{assets}", with: "/dashboard/\(DashboardAssets.digest)"))
        self.parts = Dictionary(
            uniqueKeysWithValues: files.filter { $0.name != "index.html" }.map { file in
                (file.name, Part(content: ByteBuffer(bytes: file.content), mediaType: file.mediaType))
            })
    }

    /// Not part of the API's description.
    var routes: [Route] {
        [
            Self.route("/dashboard", "dashboard", "The operator's page") { _ in
                Self.response(
                    self.page, "text/html; charset=utf-8",
                    [.cacheControl: "no-cache", .contentSecurityPolicy: Self.policy, .referrerPolicy: "no-referrer"])
            },
            // Modules name each other by relative addresses, so they all lie in one folder, named after the content of all.
            Self.route("/dashboard/{version}/{file}", "dashboardPart", "A part of that page") { request in
                guard request.arguments.string("version") == DashboardAssets.digest,
                    let part = request.arguments.string("file").flatMap({ self.parts[$0] })
                else { throw APIError.unknownRoute }
                return Self.response(part.content, part.mediaType, [.cacheControl: "public, max-age=31536000, immutable"])
            },
        ]
    }

    /// Everything from this server alone, and nothing inline.
    private static let policy = """
        default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; \
        form-action 'none'; frame-ancestors 'none'
        """

    private static func route(_ path: String, _ operation: String, _ summary: String, _ handler: @escaping Route.Handler) -> Route {
        let parameters = path.matches(of: /\{([a-z]+)\}/).map { Parameter.path(String($0.1), .text(1...100)) }
        var route = Route(
            .get, path, operation, tag: "dashboard", summary, access: .open, parameters: parameters,
            answers: [.init(200, "Here it is."), AnswerCatalogue.notFound], handler: handler)
        route.isListed = false
        return route
    }

    private static func response(_ body: ByteBuffer, _ mediaType: String, _ headers: HTTPFields) -> Response {
        var headers = headers
        headers[.contentType] = mediaType
        headers[.xContentTypeOptions] = "nosniff"
        return Response(status: .ok, headers: headers, body: .init(byteBuffer: body))
    }
}
