import Postgres
import Testing

@Suite("SQL with parameters")
struct PostgresQueryTests {
    @Test("Interpolated values become numbered parameters, never text")
    func numbering() {
        let name = "Robert'); DROP TABLE users; --"
        let query: PostgresQuery = "SELECT \(1) + \(Int16(2)), \(name), \([Int64(3)])"
        #expect(query.sql == "SELECT $1 + $2, $3, $4")
        #expect(query.parameterCount == 4)
    }

    @Test("Appended and nested queries number on")
    func appending() {
        var query: PostgresQuery = "SELECT id FROM users WHERE age >= \(18)"
        query.append(" AND gender = \("female")")
        let nested: PostgresQuery = "\(query) ORDER BY \(unescaped: "id") LIMIT \(10)"
        #expect(nested.sql == "SELECT id FROM users WHERE age >= $1 AND gender = $2 ORDER BY id LIMIT $3")
        #expect(nested.parameterCount == 3)
    }

    @Test("A query without parameters is its text")
    func plain() {
        let query: PostgresQuery = "SELECT 1"
        #expect(query.sql == "SELECT 1")
        #expect(PostgresQuery(unescaped: "SELECT 2").sql == "SELECT 2")
    }
}
