/// A row that was skipped.
public struct RejectedRow: Hashable, Sendable {
    /// From 1, of its first line.
    public let line: Int
    public let reason: String
}

/// How far an import is.
public struct ImportProgress: Hashable, Sendable {
    /// Rows read in this run, good and bad.
    public let rows: Int
    public let bytes: Int
    public let totalBytes: Int
}

/// What an import did.
public struct ImportSummary: Hashable, Sendable {
    /// Rows read in this run, good and bad.
    public internal(set) var rows = 0
    public internal(set) var inserted = 0
    /// People whose profile was there and differs now.
    public internal(set) var updated = 0
    /// Rows that were there already.
    public internal(set) var duplicates = 0
    /// People met in interactions alone, who got a bare profile.
    public internal(set) var bareProfiles = 0
    public internal(set) var rejectedCount = 0
    /// The first of them.
    public internal(set) var rejected: [RejectedRow] = []
    /// Rows that an earlier run, which was broken off, had done.
    public internal(set) var resumedRows = 0

    static let rejectedLimit = 100

    mutating func reject(line: Int, _ reason: String) {
        self.rejectedCount += 1
        if self.rejected.count < Self.rejectedLimit { self.rejected.append(RejectedRow(line: line, reason: reason)) }
    }
}
