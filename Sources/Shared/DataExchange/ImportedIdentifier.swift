internal import Postgres

/// An identifier as the file has it, before it is known whose number it becomes.
enum ImportedIdentifier: Hashable, Sendable {
    case number(Int64)
    case external(String)
}

extension FieldReader {
    /// - Throws: What is wrong with it, and what could be done.
    func identifier(_ column: Int, _ identifiers: ImportOptions.Identifiers) throws(RowError) -> ImportedIdentifier {
        let name = self.columns[column]
        guard let word = try self.word(column) else { throw RowError("\(name) is missing") }
        switch identifiers {
        case .external:
            guard word.unicodeScalars.count <= 200 else { throw RowError("\(name) has more than 200 characters") }
            return .external(word)
        case .numbers(let offset):
            guard let number = Int64(word) else {
                throw RowError("\(name) is no whole number: external identifiers must be asked for")
            }
            let (sum, overflow) = number.addingReportingOverflow(offset)
            guard !overflow, sum > 0 else {
                throw RowError("\(name) is not positive" + (offset == 0 ? ": an identifier offset makes it so" : " with the offset \(offset)"))
            }
            return .number(sum)
        }
    }
}

/// Numbers for identifiers, those of external ones from the table `external_ids`, which grows as new ones come.
struct IdentifierMap {
    private var known: [String: Int64] = [:]

    static func resolving(
        _ identifiers: [ImportedIdentifier], on connection: PostgresConnection
    ) async throws(PostgresError) -> IdentifierMap {
        var seen: Set<String> = []
        var texts: [String] = []
        for case .external(let text) in identifiers where seen.insert(text).inserted { texts.append(text) }
        var map = IdentifierMap()
        guard !texts.isEmpty else { return map }
        // In the order of the file, so that the same file gives the same numbers.
        _ = try await connection.query(
            """
            INSERT INTO external_ids (external_id, user_id)
            SELECT fresh.external_id, nextval(pg_get_serial_sequence('users', 'id'))
            FROM (
                SELECT t.external_id FROM unnest(\(texts)) WITH ORDINALITY AS t(external_id, place)
                WHERE NOT EXISTS (SELECT FROM external_ids AS e WHERE e.external_id = t.external_id)
                ORDER BY t.place
            ) AS fresh
            ON CONFLICT (external_id) DO NOTHING
            """)
        for row in try await connection.query("SELECT external_id, user_id FROM external_ids WHERE external_id = ANY (\(texts))") {
            map.known[try row.string(0)] = try row.int64(1)
        }
        return map
    }

    func number(of identifier: ImportedIdentifier) throws(PostgresError) -> Int64 {
        switch identifier {
        case .number(let number): return number
        case .external(let text):
            guard let number = self.known[text] else { throw PostgresError(.malformedRow, "an external identifier got no number") }
            return number
        }
    }
}
