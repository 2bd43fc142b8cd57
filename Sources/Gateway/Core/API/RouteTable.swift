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

    /// Methods of the routes that match a path, sorted; empty if there is nothing at that address. As in the router, a segment that is
    /// written out goes before one that is a parameter.
    public func methods(at path: String) -> [HTTPRequest.Method] {
        let segments = path.split(separator: "/")
        var matching = self.routes.map { (route: $0, pattern: $0.path.split(separator: "/")) }.filter { $0.pattern.count == segments.count }
        for (index, segment) in segments.enumerated() {
            let literal = matching.filter { $0.pattern[index] == segment }
            matching = literal.isEmpty ? matching.filter { $0.pattern[index].first == "{" } : literal
        }
        var methods: Set<String> = []
        for (route, _) in matching {
            methods.insert(route.method.rawValue)
            if route.method == .get { methods.insert(HTTPRequest.Method.head.rawValue) }
        }
        return methods.sorted().compactMap { HTTPRequest.Method(rawValue: $0) }
    }
}
