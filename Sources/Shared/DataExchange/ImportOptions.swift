/// How a file is to be understood.
public struct ImportOptions: Hashable, Sendable {
    /// Whose number each identifier of the file becomes.
    public enum Identifiers: Hashable, Sendable {
        /// The same: they must be positive integers. With an offset it is added first: 1 makes room for a 0.
        case numbers(offset: Int64)
        /// They may be any text; each gets a number of ours, kept in the table `external_ids`.
        case external
    }

    public var identifiers: Identifiers
    /// `nil`: by the ending of the file's name.
    public var format: FileFormat?
    /// Rows a transaction, 1…10,000: a long one would hold back the readers of the log.
    public var batchSize: Int {
        didSet { self.batchSize = min(max(1, self.batchSize), 10_000) }
    }

    public init(identifiers: Identifiers = .numbers(offset: 0), format: FileFormat? = nil, batchSize: Int = 10_000) {
        self.identifiers = identifiers
        self.format = format
        self.batchSize = min(max(1, batchSize), 10_000)
    }

    /// Part of the import's key: what makes the same file mean something else.
    var fingerprint: String {
        switch self.identifiers {
        case .numbers(let offset): "offset=\(offset)"
        case .external: "external"
        }
    }
}
