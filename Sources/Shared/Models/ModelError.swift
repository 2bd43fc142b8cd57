/// Why a model can't be used.
public struct ModelError: Error, Hashable, Sendable, CustomStringConvertible {
    public struct Code: Hashable, Sendable {
        private enum Value { case corrupt, unsupportedFormat, incompatibleSchema, invalid }
        private let value: Value
        /// Bytes that were cut short, changed, or never were a model.
        public static let corrupt = Code(value: .corrupt)
        /// Written by a later version of this program.
        public static let unsupportedFormat = Code(value: .unsupportedFormat)
        /// Trained on features that this program does not compute.
        public static let incompatibleSchema = Code(value: .incompatibleSchema)
        /// Parts that contradict each other, or a number that isn't finite.
        public static let invalid = Code(value: .invalid)
    }

    public let code: Code
    public let message: String

    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    public var description: String { self.message }
}
