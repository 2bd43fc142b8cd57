/// The fields of a message, as the `.proto` has them.
public struct MessageDescriptor: Sendable {
    /// With its package.
    public let fullName: String
    public let fields: [FieldDescriptor]
    public let documentation: String
    /// Those that its fields name.
    public let messages: @Sendable () -> [MessageDescriptor]
    public let enumerations: @Sendable () -> [EnumerationDescriptor]

    public init(
        _ fullName: String,
        fields: [FieldDescriptor],
        documentation: String = "",
        messages: @escaping @Sendable () -> [MessageDescriptor] = { [] },
        enumerations: @escaping @Sendable () -> [EnumerationDescriptor] = { [] }
    ) {
        self.fullName = fullName
        self.fields = fields
        self.documentation = documentation
        self.messages = messages
        self.enumerations = enumerations
    }
}

/// One field of a message.
public struct FieldDescriptor: Sendable, Hashable {
    /// The numbers are those of `google.protobuf.FieldDescriptorProto.Type`.
    public enum Kind: UInt8, Sendable, CaseIterable {
        case double = 1
        case float = 2
        case int64 = 3
        case uint64 = 4
        case int32 = 5
        case fixed64 = 6
        case fixed32 = 7
        case bool = 8
        case string = 9
        case message = 11
        case bytes = 12
        case uint32 = 13
        case enumeration = 14
        case sfixed32 = 15
        case sfixed64 = 16
        case sint32 = 17
        case sint64 = 18
    }

    /// As in the `.proto`: `user_id`.
    public let name: String
    public let number: UInt32
    public let kind: Kind
    /// Full name of the message or enumeration; empty for all other kinds.
    public let typeName: String
    public let isRepeated: Bool
    /// Absence differs from the default.
    public let isOptional: Bool
    public let documentation: String

    public init(
        _ name: String,
        _ number: UInt32,
        _ kind: Kind,
        typeName: String = "",
        isRepeated: Bool = false,
        isOptional: Bool = false,
        documentation: String = ""
    ) {
        self.name = name
        self.number = number
        self.kind = kind
        self.typeName = typeName
        self.isRepeated = isRepeated
        self.isOptional = isOptional
        self.documentation = documentation
    }
}

/// The values of an enumeration.
public struct EnumerationDescriptor: Sendable, Hashable {
    public struct Value: Sendable, Hashable {
        public let name: String
        public let number: Int32

        public init(_ name: String, _ number: Int32) {
            self.name = name
            self.number = number
        }
    }

    /// With its package.
    public let fullName: String
    public let values: [Value]

    public init(_ fullName: String, values: [Value]) {
        self.fullName = fullName
        self.values = values
    }
}
