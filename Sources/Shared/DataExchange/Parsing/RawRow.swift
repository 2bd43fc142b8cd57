/// A value as the file has it.
package enum RawValue: Hashable, Sendable {
    /// JSON's `null`, or a field with nothing in it, not even quotes.
    case absent
    case text(String)
    /// A JSON array of strings.
    case list([String])
    /// A JSON object, as text.
    case object(String)
    /// What no column can hold, such as `true`.
    case other(String)
}

/// One row: its values by column.
package struct RawRow: Sendable {
    /// Where it starts, from 1.
    package let line: Int
    /// The byte after it.
    package let end: Int
    package let content: Result<[RawValue], RowError>
}

/// Why a row is refused: a sentence that quotes no more than the name of a column.
package struct RowError: Error, Hashable, Sendable {
    package let reason: String
    package init(_ reason: String) { self.reason = reason }
}
