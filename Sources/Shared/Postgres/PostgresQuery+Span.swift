internal import Telemetry

/// One span a statement, named by its first word: neither its text nor its parameters.
enum StatementSpan {
    static let attributes = [SpanAttribute("db.system.name", "postgresql")]

    /// Runs a statement, within a span where there is one to be within.
    static func record<R>(
        _ sql: @autoclosure () -> String, _ body: () async throws(PostgresError) -> R
    ) async throws(PostgresError) -> R {
        guard let span = TraceSpan.current else { return try await body() }
        let start = TraceClock.now
        do {
            let result = try await body()
            span.add(Self.name(sql()), .client, from: start, Self.attributes)
            return result
        } catch {
            span.add(Self.name(sql()), .client, from: start, failure: error.sqlState ?? "\(error.code)", Self.attributes)
            throw error
        }
    }

    /// `SELECT` of `  select 1`.
    static func name(_ sql: String) -> String {
        let letters = sql.utf8.drop { !Self.isLetter($0) }.prefix { Self.isLetter($0) }.prefix(15)
        return String(decoding: letters, as: UTF8.self).uppercased()
    }

    private static func isLetter(_ byte: UInt8) -> Bool { (0x61...0x7A).contains(byte | 0x20) }
}
