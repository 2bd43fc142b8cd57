/// A value as the file has it.
enum RawValue: Hashable, Sendable {
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
struct RawRow: Sendable {
    /// Where it starts, from 1.
    let line: Int
    /// The byte after it.
    let end: Int
    let content: Result<[RawValue], RowError>
}

/// Why a row is refused: a sentence that quotes no more than the name of a column.
struct RowError: Error, Hashable, Sendable {
    let reason: String
    init(_ reason: String) { self.reason = reason }
}
