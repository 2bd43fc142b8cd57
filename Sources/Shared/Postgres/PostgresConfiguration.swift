internal import CLibPQ

/// Where a server is and how a pool treats it.
public struct PostgresConfiguration: Sendable {
    /// Keywords of libpq, as the connection string named them.
    package let parameters: [String: String]

    /// Connections that are kept.
    public var poolSize = 4
    /// Connections on top of `poolSize` while it is busy; closed when they come back.
    public var maxOverflow = 0
    public var connectTimeout: Duration = .seconds(5)
    /// The server stops a statement after this long; zero means never.
    public var statementTimeout: Duration = .seconds(5)
    /// How long a call waits for a free connection.
    public var acquireTimeout: Duration = .seconds(2)
    /// How many calls may wait for a connection; more fail at once.
    public var waiterLimit = 4096
    /// Whether calls fail at once while the server keeps failing or hanging, until one that probes succeeds.
    public var breaksCircuit = false
    /// What is left of the time of the task that calls, asked for each wait; `nil`: nothing but the timeouts limits it. Whoever has none left
    /// gets ``PostgresError/Code/statementTimeout``; the server may still do what was sent.
    public var budget: @Sendable () -> Duration? = { nil }
    /// Shown in `pg_stat_activity`, unless the connection string names another.
    public var applicationName = "duet"

    /// Reads what libpq reads: `postgresql://user:password@host:port/database?host=/socket/folder&application_name=…`, or `key=value`
    /// pairs.
    ///
    /// - Throws: ``PostgresError/Code/invalidConfiguration``; the message never holds the string, which may hold a password.
    public init(url: String) throws(PostgresError) {
        guard !url.utf8.contains(0) else { throw PostgresError(.invalidConfiguration, "the connection string holds U+0000") }
        var message: UnsafeMutablePointer<CChar>?
        guard let options = unsafe PQconninfoParse(url, &message) else {
            unsafe PQfreemem(message)
            throw PostgresError(.invalidConfiguration, "the connection string is neither a postgresql:// URL nor key=value pairs")
        }
        defer { unsafe PQconninfoFree(options) }
        var parameters: [String: String] = [:]
        var option = unsafe options
        while let keyword = unsafe option.pointee.keyword {
            if let value = unsafe option.pointee.val { unsafe parameters[String(cString: keyword)] = String(cString: value) }
            unsafe option += 1
        }
        self.parameters = parameters
    }

    /// All that libpq is told: what the server must know at the start travels in the start-up packet, which saves a round trip.
    var connectionParameters: [(keyword: String, value: String)] {
        var parameters = self.parameters
        parameters["application_name"] = parameters["application_name"] ?? self.applicationName
        parameters["client_encoding"] = "UTF8"
        let timeout = "-c statement_timeout=\(self.statementTimeout.wholeMilliseconds)"
        parameters["options"] = [parameters["options"], timeout, "-c TimeZone=UTC"].compactMap(\.self).joined(separator: " ")
        return parameters.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }
}

extension Duration {
    /// Rounded up, so that a short timeout never becomes zero, which would mean none.
    var wholeMilliseconds: Int64 {
        let (seconds, attoseconds) = self.components
        return seconds * 1000 + (attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000
    }
}
