internal import Domain

/// The validated parameters of one request. Reading one that the route did not declare is `nil`.
public struct Arguments: Sendable {
    private var values: [(name: String, value: JSONValue)] = []

    public func integer(_ name: String) -> Int? { self[name]?.integer.flatMap { Int(exactly: $0) } }
    public func number(_ name: String) -> Double? { self[name]?.double }
    public func boolean(_ name: String) -> Bool? { self[name]?.bool }
    public func string(_ name: String) -> String? { self[name]?.string }

    private subscript(_ name: String) -> JSONValue? { self.values.first { $0.name == name }?.value }

    /// Reads and validates what a route declares. Parameters that it doesn't declare are ignored.
    /// - Throws: ``APIError`` 422 with everything that is wrong.
    init(_ parameters: [Parameter], path: (String) -> String?, query: QueryString) throws(APIError) {
        var faults: [APIError.Field] = []
        for parameter in parameters {
            let location: [APIError.Field.Step] = [.name(parameter.place.rawValue), .name(parameter.name)]
            var text: String?
            switch parameter.place {
            case .path: text = path(parameter.name)
            case .query:
                let given = query.parameters.filter { $0.name == parameter.name }
                if given.count > 1 {
                    faults.append(.init(location, "must be given once", type: "repeated"))
                    continue
                }
                if let first = given.first {
                    guard let value = first.value else {
                        faults.append(.init(location, "is not valid percent-encoded UTF-8", type: "string_unicode"))
                        continue
                    }
                    text = value
                }
            }
            guard let text else {
                if parameter.isRequired {
                    faults.append(.init(location, "is required", type: "missing"))
                } else if let value = parameter.defaultValue {
                    self.values.append((parameter.name, value))
                }
                continue
            }
            let value = parameter.value(of: text)
            faults += parameter.schema.faults(in: value, at: location)
            self.values.append((parameter.name, value))
        }
        if !faults.isEmpty { throw .invalid(faults) }
    }
}

extension Arguments {
    /// A parameter that the route declares as required or with a default.
    func required(_ name: String) throws(APIError) -> Int {
        guard let value = self.integer(name) else {
            throw .invalid([.init([.name("query"), .name(name)], "is required", type: "missing")])
        }
        return value
    }

    func userID(_ name: String = "user_id") throws(APIError) -> UserID { UserID(Int64(try self.required(name))) }

    func timestamp(_ name: String) -> Timestamp? { self.string(name).flatMap { Timestamp(iso8601: $0) } }
}
