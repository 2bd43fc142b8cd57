import GatewayCore
import HTTPTypes
import Testing

@Suite struct DocumentationTests {
    private func document() async -> JSONValue { await Harness(people: 1).get("/openapi.json", token: nil).json }

    @Test func everyRouteIsDescribed() async {
        let harness = await Harness(people: 1)
        let paths = await self.document()["paths"]
        for route in harness.application.table.routes where route.isListed {
            let operation = paths?[route.path]?[route.method.rawValue.lowercased()]
            #expect(operation?["operationId"]?.string == route.operation)
            #expect(operation?["security"] == (route.access == .open ? JSONValue.array([]) : nil), "\(route.operation)")
            let declared = route.path.matches(of: /\{([a-z_]+)\}/).map { String($0.1) }
            let described = (operation?["parameters"]?.array ?? []).filter { $0["in"]?.string == "path" }.compactMap { $0["name"]?.string }
            #expect(declared == described, "\(route.operation)")
        }
    }

    @Test func everyReferenceLeadsSomewhere() async {
        let document = await self.document()
        var references: [String] = []
        func collect(_ value: JSONValue) {
            switch value {
            case .array(let elements): elements.forEach(collect)
            case .object(let members):
                for member in members {
                    if member.name == "$ref", let reference = member.value.string { references.append(reference) }
                    collect(member.value)
                }
            default: break
            }
        }
        collect(document)
        #expect(references.count > 100)
        for reference in Set(references) {
            let target = reference.split(separator: "/").dropFirst().reduce(document as JSONValue?) { $0?[String($1)] }
            #expect(target != nil, "\(reference)")
        }
    }

    @Test func everyLinkNamesAnOperationAndItsParameters() async {
        let document = await self.document()
        guard case .object(let paths) = document["paths"] else { return #expect(Bool(false), "no paths") }
        var parameters: [String: [String]] = [:]
        var links: [JSONValue] = []
        for case .object(let operations) in paths.map(\.value) {
            for operation in operations.map(\.value) {
                parameters[operation["operationId"]?.string ?? ""] = (operation["parameters"]?.array ?? []).compactMap { $0["name"]?.string }
                guard case .object(let answers) = operation["responses"] else { continue }
                for answer in answers { if case .object(let found) = answer.value["links"] { links += found.map(\.value) } }
            }
        }
        #expect(links.count >= 10)
        for link in links {
            let known = parameters[link["operationId"]?.string ?? "?"]
            guard case .object(let given) = link["parameters"] else { continue }
            for name in given.map(\.name) { #expect(known?.contains(name) == true, "\(link)") }
        }
    }

    @Test func requestsAreClosedAndBoundedAsTheyAreValidated() async {
        let schema = await self.document()["components"]?["schemas"]
        let creation = schema?["UserCreate"]
        #expect(creation?["additionalProperties"] == false)
        #expect(creation?["required"] == ["name", "age", "gender", "location"])
        #expect(creation?["properties"]?["age"] == ["type": "integer", "format": "int64", "minimum": 18, "maximum": 120])
        #expect(creation?["properties"]?["gender"]?["enum"] == ["male", "female", "other"])
        #expect(creation?["properties"]?["bio"]?["type"] == ["string", "null"])
        #expect(schema?["User"]?["additionalProperties"] == nil)
    }

    @Test func everyExampleOfABodyIsAccepted() async throws {
        let harness = await Harness(people: 3)
        var tried = 0
        for route in harness.application.table.routes {
            guard let example = route.example else { continue }
            let path = route.path.replacing(/\{[a-z_]+\}/, with: "1")
            let body = String(decoding: JSONWriter.bytes { $0.value(example) }, as: UTF8.self)
            let answer = await harness.send(route.method, path, body: body, token: "admin:x")
            #expect((200..<300).contains(answer.status), "\(route.operation): \(answer.text)")
            tried += 1
        }
        #expect(tried >= 3)
    }

    @Test func theDescriptionIsRevalidatedCheaply() async {
        let harness = await Harness(people: 1)
        let first = await harness.get("/openapi.json", token: nil)
        let tag = first.header("ETag") ?? ""
        #expect(first.status == 200 && !tag.isEmpty)
        #expect(await harness.get("/openapi.json", token: nil, headers: ["If-None-Match": tag]).status == 304)
    }

    @Test func thePageUsesNothingButThisServer() async {
        let harness = await Harness(people: 1)
        let page = await harness.get("/docs", token: nil)
        #expect(page.status == 200)
        #expect(page.header("Content-Type") == "text/html; charset=utf-8")
        #expect(page.header("Content-Security-Policy")?.hasPrefix("default-src 'none'; script-src 'self';") == true)
        #expect(!page.text.contains("://"))
        #expect(!page.text.contains("<script>"))
        let paths = page.text.matches(of: /(?:src|href)="(\/docs\/[^"]+)"/).map { String($0.1) }
        #expect(paths.count == 3)
        for path in paths {
            let asset = await harness.get(path, token: nil)
            #expect(asset.status == 200)
            #expect(asset.header("Cache-Control")?.contains("immutable") == true)
            #expect(asset.header("X-Content-Type-Options") == "nosniff")
            #expect(asset.bytes.count > 100)
            if asset.header("Content-Encoding") == "gzip" { #expect(asset.bytes.starts(with: [0x1F, 0x8B])) }
        }
    }

    @Test func theSlashBehindThePageIsOptional() async {
        #expect(await Harness(people: 1).get("/docs/", token: nil).status == 200)
    }
}
