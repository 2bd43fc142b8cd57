internal import Domain

extension Schema {
    /// All that is wrong with a value, in the order in which it was written.
    func faults(in value: JSONValue, at location: [APIError.Field.Step]) -> [APIError.Field] {
        var faults: [APIError.Field] = []
        self.validate(value, at: location, into: &faults)
        return faults
    }

    private func validate(_ value: JSONValue, at location: [APIError.Field.Step], into faults: inout [APIError.Field]) {
        func fail(_ message: String, _ type: String) { faults.append(.init(location, message, type: type)) }
        switch self {
        case .named(_, let schema):
            schema.validate(value, at: location, into: &faults)
        case .anything:
            value.checkContents(at: location, into: &faults)
        case .nullable(let schema):
            if value != .null { schema.validate(value, at: location, into: &faults) }
        case .boolean:
            if value.bool == nil { fail("must be true or false", "bool_type") }
        case .integer(let range):
            guard case .number(let text) = value else { return fail("must be an integer", "int_type") }
            let number: Int64
            switch JSONInteger(literal: text) {
            case .value(let value): number = value
            case .tooLarge: return fail("is too large a number", "int_parsing_size")
            case .fractional: return fail("must be an integer", "int_type")
            }
            if number < range.lowerBound { fail("must be at least \(range.lowerBound)", "greater_than_equal") }
            if number > range.upperBound { fail("must be at most \(range.upperBound)", "less_than_equal") }
        case .number(let range):
            guard case .number = value else { return fail("must be a number", "float_type") }
            guard let number = value.double else { return fail("is too large a number", "finite_number") }
            if number < range.lowerBound { fail("must be at least \(range.lowerBound)", "greater_than_equal") }
            if number > range.upperBound { fail("must be at most \(range.upperBound)", "less_than_equal") }
        case .string(let rules):
            guard let text = value.string else { return fail("must be a string", "string_type") }
            if let (message, type) = rules.fault(in: text) { fail(message, type) }
        case .array(let element, let maximumCount):
            guard let elements = value.array else { return fail("must be a list", "list_type") }
            if elements.count > maximumCount { return fail("must have at most \(maximumCount) entries", "too_long") }
            for (index, value) in elements.enumerated() { element.validate(value, at: location + [.index(index)], into: &faults) }
        case .anyObject:
            guard case .object = value else { return fail("must be an object", "dict_type") }
            value.checkContents(at: location, into: &faults)
        case .map(let element):
            guard case .object(let members) = value else { return fail("must be an object", "dict_type") }
            for member in members {
                element.validate(member.value, at: location + [.name(String(member.name.prefix(64)))], into: &faults)
            }
        case .object(let properties):
            guard case .object(let members) = value else { return fail("must be an object", "dict_type") }
            for property in properties {
                let place = location + [.name(property.name)]
                if let value = value[property.name] {
                    property.schema.validate(value, at: place, into: &faults)
                } else if property.isRequired {
                    faults.append(.init(place, "is required", type: "missing"))
                }
            }
            for member in members where !properties.contains(where: { $0.name == member.name }) {
                // The name itself is the client's text: cut, so that an error stays small.
                faults.append(.init(location + [.name(String(member.name.prefix(64)))], "is not known here", type: "extra_forbidden"))
            }
        }
    }
}

extension Schema.Text {
    func fault(in text: String) -> (message: String, type: String)? {
        let scalars = text.unicodeScalars
        if scalars.contains("\0") { return ("must not contain U+0000", "string_nul") }
        if !self.choices.isEmpty {
            return self.choices.contains(text) ? nil : ("must be one of \(self.choices.joined(separator: ", "))", "enum")
        }
        let length = scalars.count
        if length < self.minimumLength { return ("must have at least \(self.minimumLength) characters", "string_too_short") }
        if length > self.maximumLength { return ("must have at most \(self.maximumLength) characters", "string_too_long") }
        if self.isNonBlank, scalars.allSatisfy(\.properties.isWhitespace) { return ("must not be blank", "string_blank") }
        switch self.format {
        case .dateTime: return Timestamp(iso8601: text) == nil ? ("must be an ISO-8601 time", "datetime_parsing") : nil
        case .uuid: return text.isUUID ? nil : ("must be a UUID", "uuid_parsing")
        case nil: return nil
        }
    }
}

extension JSONValue {
    /// Objects of any shape still hold no U+0000, which PostgreSQL can't store, and no number beyond a double.
    fileprivate func checkContents(at location: [APIError.Field.Step], into faults: inout [APIError.Field]) {
        switch self {
        case .null, .bool: break
        case .number:
            if self.integer == nil, self.double == nil { faults.append(.init(location, "is too large a number", type: "finite_number")) }
        case .string(let text):
            if text.unicodeScalars.contains("\0") { faults.append(.init(location, "must not contain U+0000", type: "string_nul")) }
        case .array(let elements):
            for (index, element) in elements.enumerated() { element.checkContents(at: location + [.index(index)], into: &faults) }
        case .object(let members):
            for member in members {
                if member.name.unicodeScalars.contains("\0") {
                    faults.append(.init(location, "has a name that contains U+0000", type: "string_nul"))
                }
                member.value.checkContents(at: location + [.name(String(member.name.prefix(64)))], into: &faults)
            }
        }
    }
}

extension String {
    /// Eight, four, four, four and twelve hexadecimal digits.
    var isUUID: Bool {
        let groups = self.utf8.split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
        return groups.map(\.count) == [8, 4, 4, 4, 12]
            && groups.joined().allSatisfy { Character(Unicode.Scalar($0)).isASCII && Character(Unicode.Scalar($0)).isHexDigit }
    }
}
