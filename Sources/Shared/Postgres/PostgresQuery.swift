/// SQL with its parameters: `"SELECT name FROM users WHERE id = \(id)"` sends `$1` and a typed binary value, never text in the SQL.
///
/// The text is prepared once per connection, so what varies belongs into parameters (`= ANY(\(ids))`), not into the text.
public struct PostgresQuery: ExpressibleByStringInterpolation, Sendable {
    /// SQL between the parameters: one piece more than there are parameters.
    private var pieces: [String]
    private(set) var types: [UInt32]
    /// Bytes of each value; −1 for NULL.
    private(set) var lengths: [Int32]
    /// The values, one after the other.
    private(set) var values: [UInt8]

    public init(stringLiteral sql: String) {
        self.pieces = [sql]
        (self.types, self.lengths, self.values) = ([], [], [])
    }

    /// - Parameter unescaped: Trusted SQL without parameters.
    public init(unescaped sql: String) { self.init(stringLiteral: sql) }

    public init(stringInterpolation: StringInterpolation) { self = stringInterpolation.query }

    /// The text that the server gets, with `$1`, `$2`, ….
    public var sql: String {
        guard self.pieces.count > 1 else { return self.pieces[0] }
        var sql = self.pieces[0]
        for index in 1..<self.pieces.count { sql += "$\(index)\(self.pieces[index])" }
        return sql
    }

    /// The text up to the first parameter.
    var beginning: String { self.pieces[0] }

    public var parameterCount: Int { self.types.count }

    /// Appends SQL with its own parameters, which are numbered on.
    public mutating func append(_ other: PostgresQuery) {
        self.pieces[self.pieces.count - 1] += other.pieces[0]
        self.pieces += other.pieces.dropFirst()
        self.types += other.types
        self.lengths += other.lengths
        self.values += other.values
    }

    fileprivate mutating func append(sql: String) { self.pieces[self.pieces.count - 1] += sql }

    fileprivate mutating func append(_ parameter: some PostgresEncodable, isNull: Bool) {
        self.pieces.append("")
        self.types.append(type(of: parameter).postgresType.rawValue)
        guard !isNull else { return self.lengths.append(-1) }
        let start = self.values.count
        parameter.encode(into: &self.values)
        self.lengths.append(Int32(self.values.count - start))
    }

    fileprivate mutating func append(_ parameter: PostgresParameter) {
        self.pieces.append("")
        self.types.append(parameter.type.rawValue)
        self.lengths.append(parameter.bytes.map { Int32($0.count) } ?? -1)
        self.values += parameter.bytes ?? []
    }

    public struct StringInterpolation: StringInterpolationProtocol, Sendable {
        fileprivate var query: PostgresQuery

        public init(literalCapacity: Int, interpolationCount: Int) { self.query = "" }

        public mutating func appendLiteral(_ literal: String) { self.query.append(sql: literal) }

        public mutating func appendInterpolation<Value: PostgresEncodable>(_ value: Value) {
            self.query.append(value, isNull: false)
        }

        public mutating func appendInterpolation<Value: PostgresEncodable>(_ value: Value?) {
            self.query.append(value, isNull: value == nil)
        }

        public mutating func appendInterpolation(_ parameter: PostgresParameter) { self.query.append(parameter) }

        /// SQL with its own parameters.
        public mutating func appendInterpolation(_ query: PostgresQuery) { self.query.append(query) }

        /// Trusted SQL, such as the name of a column. Never anything that came from outside.
        public mutating func appendInterpolation(unescaped sql: String) { self.query.append(sql: sql) }
    }
}

/// A value whose Swift type doesn't say its type in the server.
public struct PostgresParameter: Sendable {
    let type: PostgresType
    let bytes: [UInt8]?

    /// A `timestamptz`. - Parameter microseconds: Since 1970-01-01 UTC; `nil` is NULL.
    public static func timestamp(microseconds: Int64?) -> PostgresParameter {
        var bytes: [UInt8] = []
        if let microseconds { bytes.append(bigEndian: microseconds &- postgresEpochMicroseconds) }
        return PostgresParameter(type: .timestamptz, bytes: microseconds == nil ? nil : bytes)
    }

    /// A `jsonb` given as text.
    public static func json(_ text: String?) -> PostgresParameter {
        PostgresParameter(type: .jsonb, bytes: text.map { [1] + $0.utf8 })
    }

    /// A 64-bit transaction id.
    public static func xid8(_ value: UInt64?) -> PostgresParameter {
        var bytes: [UInt8] = []
        if let value { bytes.append(bigEndian: value) }
        return PostgresParameter(type: .xid8, bytes: value == nil ? nil : bytes)
    }
}
