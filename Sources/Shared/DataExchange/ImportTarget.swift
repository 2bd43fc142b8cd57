internal import Domain
internal import Postgres

/// What one kind of file becomes.
protocol ImportTarget: Sendable {
    associatedtype Item: Sendable
    static var layout: Layout { get }
    /// Part of the import's key.
    static var name: String { get }

    static func item(_ fields: FieldReader, _ options: ImportOptions) throws(RowError) -> Item
    /// Writes a batch within the transaction of `connection`.
    ///
    /// - Parameter startedAt: Stands for times that the file lacks.
    static func apply(_ items: [Item], startedAt: Timestamp, on connection: PostgresConnection) async throws -> BatchOutcome
}

struct BatchOutcome: Sendable {
    var inserted = 0
    var updated = 0
    var duplicates = 0
    var bareProfiles = 0
}
