/// One numbered step of the schema. Once applied it never changes: a new step corrects an old one.
public struct Migration: Hashable, Sendable {
    public let number: Int
    public let name: String
    /// One or more statements. They run in one transaction.
    public let sql: String

    public init(number: Int, name: String, sql: String) {
        self.number = number
        self.name = name
        self.sql = sql
    }

    /// As shown and logged: `0001_users`.
    public var label: String {
        let digits = String(self.number)
        return String(repeating: "0", count: max(0, 4 - digits.count)) + digits + "_" + self.name
    }
}
