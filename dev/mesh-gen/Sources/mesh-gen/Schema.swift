/// The part of a descriptor set that the stubs are made of, as Swift values.
struct Schema {
    var files: [ProtoFile]

    struct ProtoFile {
        let path: String
        let package: String
        let messages: [Message]
        let enumerations: [Enumeration]
        let services: [Service]
    }

    struct Message {
        /// Name with the messages around it: `CheckResponse`, `CheckResponse.Status`.
        let name: String
        let package: String
        let documentation: [String]
        let fields: [Field]
        let messages: [Message]
        let enumerations: [Enumeration]

        var fullName: String { "\(self.package).\(self.name)" }
        var allMessages: [Message] { [self] + self.messages.flatMap(\.allMessages) }
    }

    struct Field {
        let name: String
        let number: Int
        let type: FieldType
        /// As the descriptor numbers it: tells `fixed64` from `uint64`, which are one type in Swift.
        let kind: Kind
        let isRepeated: Bool
        /// Declared `optional`: absence differs from the default.
        let isOptional: Bool
        let documentation: [String]
    }

    /// `google.protobuf.FieldDescriptorProto.Type`, without groups.
    enum Kind: Int {
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

    enum FieldType: Hashable {
        case scalar(Scalar)
        case string
        case bytes
        /// Full names, without the leading dot.
        case message(String)
        case enumeration(String)
    }

    enum Scalar: String {
        case double = "Double"
        case float = "Float"
        case int32 = "Int32"
        case int64 = "Int64"
        case uint32 = "UInt32"
        case uint64 = "UInt64"
        case bool = "Bool"
    }

    struct Enumeration {
        let name: String
        let package: String
        let documentation: [String]
        let values: [Value]

        struct Value {
            let name: String
            let number: Int32
            let documentation: [String]
        }
    }

    struct Service {
        let name: String
        let package: String
        let documentation: [String]
        let methods: [Method]

        var fullName: String { "\(self.package).\(self.name)" }
    }

    struct Method {
        let name: String
        /// Full names, without the leading dot.
        let input: String
        let output: String
        let options: Options
        let documentation: [String]
    }

    /// `duet.mesh.v1.MethodOptions`.
    struct Options: Equatable {
        var idempotent = false
        var hedge = false
        var timeoutMilliseconds: UInt32 = 0
        var shardKey = ""
        var heavy = false
    }
}
