extension ConnectionDriver {
    /// Whether the next caller can have the connection as it is.
    func isReusable(_ configuration: PostgresConfiguration) -> Bool {
        self.isUsable && self.isAtRest && self.isIdleTransaction && self.statementTimeout == configuration.statementTimeout
    }

    /// Makes the connection as good as new after whatever a lease left behind.
    ///
    /// - Throws: If it is of no use any more.
    func recover(_ configuration: PostgresConfiguration) async throws(PostgresError) {
        await self.settle()
        try self.requireUsable()
        guard !self.isInCopy else { throw PostgresError(.connectionFailed, "a COPY was left unfinished") }
        if !self.isIdleTransaction { _ = try await self.script("ROLLBACK", isCancellable: false) }
        if self.statementTimeout != configuration.statementTimeout {
            _ = try await self.script("SET statement_timeout = \(configuration.statementTimeout.wholeMilliseconds)", isCancellable: false)
            self.statementTimeout = configuration.statementTimeout
        }
    }
}
