public import HTTPTypes

/// All routes, and which methods an address takes.
public struct RouteTable: Sendable {
    public let routes: [Route]

    /// Two routes with the same method and path, or the same operation, are a mistake of ours.
    public init(_ routes: [Route]) {
        let keys = routes.map { "\($0.method.rawValue) \($0.path)" }
        precondition(Set(keys).count == keys.count, "Two routes have the same method and path.")
        precondition(Set(routes.map(\.operation)).count == routes.count, "Two routes have the same operation name.")
        self.routes = routes
    }

    /// Methods of the routes that match a path, sorted; empty if there is nothing at that address.
    public func methods(at path: String) -> [HTTPRequest.Method] {
        let segments = path.split(separator: "/")
        var methods: Set<String> = []
        for route in self.routes where Self.matches(route.path.split(separator: "/"), segments) {
            methods.insert(route.method.rawValue)
            if route.method == .get { methods.insert(HTTPRequest.Method.head.rawValue) }
        }
        return methods.sorted().compactMap { HTTPRequest.Method(rawValue: $0) }
    }

    private static func matches(_ pattern: [Substring], _ segments: [Substring]) -> Bool {
        pattern.count == segments.count && zip(pattern, segments).allSatisfy { $0.first == "{" || $0 == $1 }
    }
}
