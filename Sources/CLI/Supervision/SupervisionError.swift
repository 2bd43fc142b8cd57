/// Why something under supervision can't be started, reached or stopped.
public struct SupervisionError: Error, Sendable, Hashable, CustomStringConvertible {
    public struct Code: Hashable, Sendable {
        private enum Value { case spawnFailed, startFailed, alreadyRunning, notRunning, missingProgram, fileSystem, refused }
        private let value: Value

        /// The kernel did not start the program.
        public static let spawnFailed = Code(value: .spawnFailed)
        /// The program ended, or took too long, before it was ready.
        public static let startFailed = Code(value: .startFailed)
        /// Another supervisor owns the data folder.
        public static let alreadyRunning = Code(value: .alreadyRunning)
        /// No supervisor runs in the data folder.
        public static let notRunning = Code(value: .notRunning)
        /// A program that is needed isn't installed.
        public static let missingProgram = Code(value: .missingProgram)
        public static let fileSystem = Code(value: .fileSystem)
        /// The supervisor understood and said no.
        public static let refused = Code(value: .refused)
    }

    public let code: Code
    /// One sentence for the person at the terminal.
    public let message: String

    public init(_ code: Code, _ message: String) { (self.code, self.message) = (code, message) }

    public var description: String { self.message }
}
