/// Why a split could not be evaluated.
public struct SplitEvaluationError: Error, Sendable, Hashable, CustomStringConvertible {
    public struct Code: Hashable, Sendable {
        private enum Value { case unreadableFile, unwritableFile, malformedRow, emptySplit, unknownModel, badParameter }
        private let value: Value
        public static let unreadableFile = Code(value: .unreadableFile)
        public static let unwritableFile = Code(value: .unwritableFile)
        public static let malformedRow = Code(value: .malformedRow)
        public static let emptySplit = Code(value: .emptySplit)
        public static let unknownModel = Code(value: .unknownModel)
        public static let badParameter = Code(value: .badParameter)
    }
    public let code: Code
    public let message: String

    init(_ code: Code, _ message: String) {
        (self.code, self.message) = (code, message)
    }

    public var description: String { self.message }
}
