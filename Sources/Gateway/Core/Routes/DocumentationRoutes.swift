internal import HTTPTypes
internal import Hummingbird

/// The API's description and the page that shows it, all from the binary's own resources.
struct DocumentationRoutes: Sendable {
    private let document: ByteBuffer
    private let tag: String
    private let page: ByteBuffer
    private let assets: [StaticAsset]

    /// - Parameter table: What is described.
    init(_ table: RouteTable, title: String) {
        let document = OpenAPIDocument(table, title: title).bytes
        let starter = StaticAsset(
            folder: "/docs", name: "start", fileExtension: "js", mediaType: "text/javascript; charset=utf-8", isCompressed: false,
            content: Array(Self.starter.utf8))
        self.document = ByteBuffer(bytes: document)
        self.tag = "\"\(String(StableHash.hash(document), radix: 16))\""
        self.assets = [DocumentationAssets.script, DocumentationAssets.style, starter]
        self.page = ByteBuffer(string: Self.page(assets: self.assets))
    }

    /// Not part of what they describe.
    var routes: [Route] {
        [
            self.route("/openapi.json", "openAPI", "The description of this API") { request in
                let headers: HTTPFields = [.eTag: self.tag, .cacheControl: "no-cache"]
                if request.headers[.ifNoneMatch] == self.tag { return Response(status: .notModified, headers: headers) }
                return Self.response(self.document, "application/json", headers)
            },
            self.route("/docs", "docs", "The page that shows this API") { _ in
                Self.response(
                    self.page, "text/html; charset=utf-8",
                    [.cacheControl: "no-cache", .contentSecurityPolicy: Self.policy, .referrerPolicy: "no-referrer"])
            },
        ]
            + self.assets.enumerated().map { index, asset in
                self.route(asset.path, "docsAsset\(index)", "A part of that page") { _ in
                    var headers: HTTPFields = [.cacheControl: "public, max-age=31536000, immutable"]
                    if asset.isCompressed { headers[.contentEncoding] = "gzip" }
                    return Self.response(asset.content, asset.mediaType, headers)
                }
            }
    }

    private func route(_ path: String, _ operation: String, _ summary: String, _ handler: @escaping Route.Handler) -> Route {
        var route = Route(
            .get, path, operation, tag: "docs", summary, access: .open, answers: [.init(200, "Here it is.")], handler: handler)
        route.isListed = false
        return route
    }

    private static func response(_ body: ByteBuffer, _ mediaType: String, _ headers: HTTPFields) -> Response {
        var headers = headers
        headers[.contentType] = mediaType
        headers[.xContentTypeOptions] = "nosniff"
        return Response(status: .ok, headers: headers, body: .init(byteBuffer: body))
    }

    // MARK: The page

    /// Scripts, styles and calls from this server alone. Swagger UI writes its few inline styles and pictures itself.
    private static let policy = """
        default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src data:; connect-src 'self'; \
        base-uri 'none'; form-action 'none'; frame-ancestors 'none'
        """

    private static let starter = """
        window.addEventListener("load", () => {
            window.ui = SwaggerUIBundle({
                url: "/openapi.json",
                dom_id: "#api",
                deepLinking: true,
                displayRequestDuration: true,
                filter: true,
                persistAuthorization: true,
                tryItOutEnabled: true,
                validatorUrl: null,
            });
        });

        """

    private static func page(assets: [StaticAsset]) -> String {
        let styles = assets.filter { $0.path.hasSuffix(".css") }.map { #"    <link rel="stylesheet" href="\#($0.path)">"# }
        let scripts = assets.filter { $0.path.hasSuffix(".js") }.map { #"    <script src="\#($0.path)" defer></script>"# }
        return """
            <!doctype html>
            <html lang="en">
            <head>
                <meta charset="utf-8">
                <meta name="viewport" content="width=device-width, initial-scale=1">
                <title>Duet API</title>
                <link rel="icon" href="data:,">
            \((styles + scripts).joined(separator: "\n"))
            </head>
            <body>
                <div id="api"></div>
                <noscript>This page needs JavaScript. The description itself is at <a href="/openapi.json">/openapi.json</a>.</noscript>
            </body>
            </html>

            """
    }
}
