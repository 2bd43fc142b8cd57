/// The shape of a JSON value: what requests are validated against and what the API description is made from.
public indirect enum Schema: Hashable, Sendable {
    case boolean
    case integer(ClosedRange<Int64>)
    case number(ClosedRange<Double>)
    case string(Text)
    case array(Schema, maximumCount: Int)
    case object([Property])
    case anything
    /// An object with any members.
    case anyObject
    /// An object whose members have names of their own and values of one shape.
    case map(Schema)
    case nullable(Schema)
    /// A schema that the API description lists under a name.
    case named(String, Schema)

    /// Rules for a string. Lengths count Unicode scalars, as JSON Schema does.
    public struct Text: Hashable, Sendable {
        public enum Format: String, Hashable, Sendable {
            case dateTime = "date-time"
            case uuid
        }

        /// Longer than any body.
        public static let unlimited = 1_000_000

        public var minimumLength: Int
        public var maximumLength: Int
        /// At least one character is no white space.
        public var isNonBlank: Bool
        /// Empty: any.
        public var choices: [String]
        public var format: Format?

        public init(
            _ length: ClosedRange<Int> = 0...Self.unlimited, isNonBlank: Bool = false, choices: [String] = [], format: Format? = nil
        ) {
            self.minimumLength = length.lowerBound
            self.maximumLength = length.upperBound
            self.isNonBlank = isNonBlank
            self.choices = choices
            self.format = format
        }
    }

    public struct Property: Hashable, Sendable {
        public var name: String
        public var schema: Schema
        public var isRequired: Bool
        public var summary: String

        public init(_ name: String, _ schema: Schema, required: Bool = true, _ summary: String = "") {
            self.name = name
            self.schema = schema
            self.isRequired = required
            self.summary = summary
        }
    }

    // MARK: Frequent ones

    public static let identifier = Schema.integer(1...Int64.max)
    public static let anyInteger = Schema.integer(Int64.min...Int64.max)
    public static let anyNumber = Schema.number(-Double.greatestFiniteMagnitude...Double.greatestFiniteMagnitude)
    public static let probability = Schema.number(0...1)
    public static let dateTime = Schema.string(Text(1...64, format: .dateTime))

    public static func text(_ length: ClosedRange<Int> = 0...Text.unlimited) -> Schema { .string(Text(length)) }
    public static func choice(_ choices: [String]) -> Schema { .string(Text(choices: choices)) }
}
