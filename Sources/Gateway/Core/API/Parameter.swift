/// A value that a route takes from its path or its query.
public struct Parameter: Hashable, Sendable {
    public enum Place: String, Hashable, Sendable {
        case path, query
    }

    public var name: String
    public var place: Place
    public var schema: Schema
    public var isRequired: Bool
    /// What an absent one counts as.
    public var defaultValue: JSONValue?
    public var summary: String
    /// Shown in the API's description, and filled in by its page.
    public var example: JSONValue?

    public static func path(_ name: String, _ schema: Schema = .identifier, _ summary: String = "") -> Parameter {
        Parameter(
            name: name, place: .path, schema: schema, isRequired: true, summary: summary, example: schema == .identifier ? 1 : nil)
    }

    public static func query(
        _ name: String, _ schema: Schema, default defaultValue: JSONValue? = nil, required: Bool = false, _ summary: String = "",
        example: JSONValue? = nil
    ) -> Parameter {
        Parameter(
            name: name, place: .query, schema: schema, isRequired: required, defaultValue: defaultValue, summary: summary,
            example: example)
    }

    /// Reads the text of a path or query as the JSON value that the schema speaks of.
    func value(of text: String) -> JSONValue {
        switch self.schema.resolved {
        case .integer, .number:
            // Only what is a JSON number: no blanks, no plus, no hexadecimal.
            if let value = try? JSONParser.parse(Array(text.utf8)), case .number = value, !text.contains(where: \.isWhitespace) { return value }
            return .string(text)
        case .boolean:
            switch text.lowercased() {
            case "true", "1": return .bool(true)
            case "false", "0": return .bool(false)
            default: return .string(text)
            }
        default: return .string(text)
        }
    }
}

extension Schema {
    /// Without the wrappers that don't change what a text is read as.
    var resolved: Schema {
        switch self {
        case .named(_, let schema), .nullable(let schema): schema.resolved
        default: self
        }
    }
}
