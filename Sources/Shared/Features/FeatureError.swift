/// Why features could not be read.
public struct FeatureError: Error, Hashable, Sendable, CustomStringConvertible {
    public struct Code: Hashable, Sendable {
        private enum Value { case corrupt, unsupportedVersion, shapeMismatch }
        private let value: Value
        /// Bytes that were cut short, changed, or never were packed features.
        public static let corrupt = Code(value: .corrupt)
        /// Packed by a version of the schema that this program does not compute.
        public static let unsupportedVersion = Code(value: .unsupportedVersion)
        /// Columns whose lengths contradict each other.
        public static let shapeMismatch = Code(value: .shapeMismatch)
    }

    public let code: Code
    public let message: String

    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    public var description: String { self.message }
}
