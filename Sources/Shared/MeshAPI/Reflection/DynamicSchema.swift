public import Mesh

/// The messages of one method as a server describes them, to read and write them without generated code.
///
/// Fields go by the names of the `.proto`, or those names in lowerCamelCase; bytes are base64.
public struct DynamicSchema: Sendable {
    public let method: MethodDescription
    private let messages: [String: MessageDescription]
    private let enumerations: [String: EnumerationDescription]

    public init(_ description: DescribeResponse) {
        self.method = description.method ?? MethodDescription()
        var messages = Self.index(description.messages)
        var enumerations = Dictionary(description.enumerations.map { ($0.name, $0) }) { first, _ in first }
        // What every server has built in needs no description of itself.
        for descriptor in Self.builtIn where messages[descriptor.fullName] == nil {
            messages[descriptor.fullName] = MessageDescription(descriptor)
            for enumeration in descriptor.enumerations() { enumerations[enumeration.fullName] = EnumerationDescription(enumeration) }
        }
        self.messages = messages
        self.enumerations = enumerations
    }

    /// An example of the request, each field with its default.
    public func template() throws(MeshError) -> DynamicValue { try self.template(self.method.request, within: []) }

    /// The fields of a message, and of those within it: `context.device`.
    public func fields(of message: String) throws(MeshError) -> [(name: String, type: String, documentation: String)] {
        try self.fields(of: message, prefix: "", within: [])
    }

    /// The wire form of a request.
    ///
    /// - Throws: ``MeshError`` with `invalidArgument`, which says which field is wrong and how.
    public func encodeRequest(_ value: DynamicValue) throws(MeshError) -> [UInt8] {
        try DynamicEncoder(schema: self).message(value, as: self.method.request, path: "")
    }

    /// A response as JSON: every field in the order of the `.proto`, absent ones and defaults left out.
    public func decodeResponse(_ bytes: [UInt8]) throws(MeshError) -> DynamicValue {
        try DynamicDecoder(schema: self).message(bytes[...], as: self.method.response)
    }

    func message(_ name: String) throws(MeshError) -> MessageDescription {
        guard let message = self.messages[name] else { throw MeshError(.unimplemented, "nothing describes the message \(name)") }
        return message
    }

    func enumeration(_ name: String) throws(MeshError) -> EnumerationDescription {
        guard let found = self.enumerations[name] else { throw MeshError(.unimplemented, "nothing describes the enumeration \(name)") }
        return found
    }

    private func fields(
        of name: String, prefix: String, within outer: [String]
    ) throws(MeshError) -> [(name: String, type: String, documentation: String)] {
        var all: [(name: String, type: String, documentation: String)] = []
        for field in try self.message(name).fields {
            let kind = try field.kind()
            let type = kind == .message || kind == .enumeration ? field.typeName.split(separator: ".").last.map(String.init) ?? "" : "\(kind)"
            let presence = field.repeated ? "repeated " : field.optional ? "optional " : ""
            all.append((prefix + field.name, presence + type, field.documentation))
            if kind == .message, field.typeName != name, !outer.contains(field.typeName) {
                all += try self.fields(of: field.typeName, prefix: "\(prefix)\(field.name).", within: outer + [name])
            }
        }
        return all
    }

    private func template(_ name: String, within outer: [String]) throws(MeshError) -> DynamicValue {
        var members: [DynamicValue.Member] = []
        for field in try self.message(name).fields {
            let value: DynamicValue
            switch try field.kind() {
            case _ where field.repeated: value = .array([])
            // A description that a server sends may be recursive.
            case .message where field.typeName == name || outer.contains(field.typeName): continue
            case .message: value = try self.template(field.typeName, within: outer + [name])
            case .enumeration: value = try self.enumeration(field.typeName).values.first.map { .string($0.name) } ?? .integer(0)
            case .bool: value = .bool(false)
            case .string, .bytes: value = .string("")
            default: value = .integer(0)
            }
            members.append(.init(field.name, value))
        }
        return .object(members)
    }

    private static func index(_ messages: [MessageDescription]) -> [String: MessageDescription] {
        Dictionary(messages.map { ($0.name, $0) }) { first, _ in first }
    }

    private static let builtIn: [MessageDescriptor] = {
        var known: [String: MessageDescriptor] = [:]
        var rest = [
            CheckRequest.descriptor, CheckResponse.descriptor, GetStateRequest.descriptor, GetStateResponse.descriptor,
            ListServicesRequest.descriptor, ListServicesResponse.descriptor, DescribeRequest.descriptor, DescribeResponse.descriptor,
        ].compactMap(\.self)
        while let message = rest.popLast() {
            if known.updateValue(message, forKey: message.fullName) == nil { rest += message.messages() }
        }
        return known.values.sorted { $0.fullName < $1.fullName }
    }()
}

extension MessageDescription {
    package init(_ descriptor: MessageDescriptor) {
        self.init(
            name: descriptor.fullName,
            fields: descriptor.fields.map { field in
                FieldDescription(
                    name: field.name, number: field.number, type: UInt32(field.kind.rawValue), typeName: field.typeName,
                    repeated: field.isRepeated, optional: field.isOptional, documentation: field.documentation)
            },
            documentation: descriptor.documentation)
    }
}

extension EnumerationDescription {
    package init(_ descriptor: EnumerationDescriptor) {
        self.init(name: descriptor.fullName, values: descriptor.values.map { EnumerationValue(name: $0.name, number: $0.number) })
    }
}

extension FieldDescription {
    /// - Throws: ``MeshError`` with `unimplemented` for a type that a newer server knows.
    func kind() throws(MeshError) -> FieldDescriptor.Kind {
        guard let kind = UInt8(exactly: self.type).flatMap(FieldDescriptor.Kind.init) else {
            throw MeshError(.unimplemented, "the field \(self.name) has the unknown type \(self.type)")
        }
        return kind
    }

    /// `user_id` → `userId`, as proto3's own JSON has it.
    var camelName: String {
        let words = self.name.split(separator: "_")
        return words.prefix(1).joined() + words.dropFirst().map { $0.prefix(1).uppercased() + $0.dropFirst() }.joined()
    }
}
