/// Why a whole import or export can't be done. A bad row is no such reason: it is reported and skipped.
public struct ExchangeError: Error, Sendable, CustomStringConvertible {
    public struct Code: Hashable, Sendable {
        private enum Value { case unreadableFile, unwritableFile, unknownFormat, badHeader, changedFile }
        private let value: Value
        public static let unreadableFile = Code(value: .unreadableFile)
        public static let unwritableFile = Code(value: .unwritableFile)
        /// The name ends in none of `.csv`, `.tsv`, `.jsonl`, `.ndjson`.
        public static let unknownFormat = Code(value: .unknownFormat)
        /// The first row names an unknown column, names one twice, or lacks one that must be there.
        public static let badHeader = Code(value: .badHeader)
        /// The file is not the same any more while it is read.
        public static let changedFile = Code(value: .changedFile)
    }

    public let code: Code
    /// One sentence for a person.
    public let description: String

    init(_ code: Code, _ description: String) {
        self.code = code
        self.description = description
    }
}
