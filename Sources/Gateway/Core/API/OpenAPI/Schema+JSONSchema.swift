/// Writes schemas as JSON Schema (draft 2020-12, which OpenAPI 3.1 uses), and collects those that have a name.
struct JSONSchemaWriter {
    /// By name, in the order in which they were met.
    private(set) var components: [(name: String, schema: JSONValue)] = []

    /// - Parameter isClosed: Whether unknown members are refused, as they are in requests. Answers may gain members with time.
    mutating func write(_ schema: Schema, isClosed: Bool) -> JSONValue {
        switch schema {
        case .anything: return [:]
        case .boolean: return ["type": "boolean"]
        case .integer(let range):
            var value: JSONValue = ["type": "integer", "format": "int64"]
            if range.lowerBound != .min { value = value.setting("minimum", .integer(range.lowerBound)) }
            if range.upperBound != .max { value = value.setting("maximum", .integer(range.upperBound)) }
            return value
        case .number(let range):
            var value: JSONValue = ["type": "number", "format": "double"]
            if range.lowerBound > -.greatestFiniteMagnitude { value = value.setting("minimum", Self.number(range.lowerBound)) }
            if range.upperBound < .greatestFiniteMagnitude { value = value.setting("maximum", Self.number(range.upperBound)) }
            return value
        case .string(let text): return Self.string(text)
        case .array(let element, let maximumCount):
            return ["type": "array", "items": self.write(element, isClosed: isClosed), "maxItems": .integer(maximumCount)]
        case .anyObject: return ["type": "object"]
        case .map(let element): return ["type": "object", "additionalProperties": self.write(element, isClosed: isClosed)]
        case .nullable(let schema): return self.nullable(schema, isClosed: isClosed)
        case .object(let properties): return self.object(properties, isClosed: isClosed)
        case .named(let name, let schema):
            self.register(name, schema, isClosed: isClosed)
            return ["$ref": "#/components/schemas/\(name)"]
        }
    }

    private mutating func object(_ properties: [Schema.Property], isClosed: Bool) -> JSONValue {
        var members: [JSONValue.Member] = []
        for property in properties {
            var schema = self.write(property.schema, isClosed: isClosed)
            if !property.summary.isEmpty { schema = schema.setting("description", .string(property.summary)) }
            members.append(.init(property.name, schema))
        }
        var value: JSONValue = ["type": "object", "properties": .object(members)]
        let required = properties.filter(\.isRequired).map(\.name)
        if !required.isEmpty { value = value.setting("required", .strings(required)) }
        return isClosed ? value.setting("additionalProperties", false) : value
    }

    private mutating func nullable(_ schema: Schema, isClosed: Bool) -> JSONValue {
        let value = self.write(schema, isClosed: isClosed)
        guard let type = value["type"]?.string, value["enum"] == nil else { return ["anyOf": [value, ["type": "null"]]] }
        return value.setting("type", [.string(type), "null"])
    }

    private mutating func register(_ name: String, _ schema: Schema, isClosed: Bool) {
        if self.components.contains(where: { $0.name == name }) { return }
        // Takes its place first, so that the order is that of the first mention.
        self.components.append((name, [:]))
        let value = self.write(schema, isClosed: isClosed)
        if let index = self.components.firstIndex(where: { $0.name == name }) { self.components[index].schema = value }
    }

    private static func string(_ text: Schema.Text) -> JSONValue {
        if !text.choices.isEmpty { return ["type": "string", "enum": .strings(text.choices)] }
        var value: JSONValue = ["type": "string"]
        if let format = text.format { return value.setting("format", .string(format.rawValue)) }
        if text.minimumLength > 0 { value = value.setting("minLength", .integer(text.minimumLength)) }
        if text.maximumLength < Schema.Text.unlimited { value = value.setting("maxLength", .integer(text.maximumLength)) }
        // U+0000 can't be stored.
        if text.isNonBlank {
            value = value.setting("pattern", .string(#"^[^\u0000]*[^\u0000\s][^\u0000]*$"#))
        } else if text.maximumLength < Schema.Text.unlimited {
            value = value.setting("pattern", .string(#"^[^\u0000]*$"#))
        }
        return value
    }

    private static func number(_ value: Double) -> JSONValue {
        .number(value == value.rounded() && abs(value) < 1e15 ? String(Int64(value)) : value.description)
    }
}
