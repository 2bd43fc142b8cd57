/// A place in the log: everything up to and including row `id` of transaction `transaction` has been read.
///
/// Row identifiers are not in commit order, transactions below a snapshot's `xmin` are settled: the log is read in this order.
public struct LogPosition: Hashable, Comparable, Sendable {
    /// PostgreSQL's 64-bit transaction id.
    public var transaction: UInt64
    public var id: Int64

    public init(transaction: UInt64, id: Int64) {
        self.transaction = transaction
        self.id = id
    }

    /// Before the first row.
    public static let start = LogPosition(transaction: 0, id: 0)

    public static func < (left: LogPosition, right: LogPosition) -> Bool {
        (left.transaction, left.id) < (right.transaction, right.id)
    }
}
