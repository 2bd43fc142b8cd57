/// Why a model could not be trained or judged.
public struct TrainingError: Error, Sendable, CustomStringConvertible {
    public struct Code: Hashable, Sendable {
        private enum Value { case notEnoughData, futureLeak, noModel, invalidOption }
        private let value: Value
        /// There is nothing to learn from.
        public static let notEnoughData = Code(value: .notEnoughData)
        /// Features were made of what happened after the moment that they describe.
        public static let futureLeak = Code(value: .futureLeak)
        /// There is no model to judge.
        public static let noModel = Code(value: .noModel)
        public static let invalidOption = Code(value: .invalidOption)
    }

    public let code: Code
    /// A sentence for a person.
    public let message: String

    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    public var description: String { self.message }
}
