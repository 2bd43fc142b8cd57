/// A connection lent by a ``PostgresPool`` for the length of a scope; after that every call throws ``PostgresError/Code/shutDown``.
///
/// One call at a time: further ones wait for their turn.
public final class PostgresConnection: Sendable {
    private let core: PoolCore
    private let id: PoolCore.ConnectionID

    init(core: PoolCore, id: PoolCore.ConnectionID) {
        self.core = core
        self.id = id
    }

    public func query(_ query: PostgresQuery) async throws(PostgresError) -> PostgresRows {
        try await StatementSpan.record(query.beginning) { () async throws(PostgresError) in try await self.core.query(query, on: self.id) }
    }

    /// Runs any number of statements, separated by semicolons and without parameters; the first error ends it.
    public func execute(script: String) async throws(PostgresError) {
        try await StatementSpan.record(script) { () async throws(PostgresError) in
            _ = try await self.core.script(script, on: self.id)
        }
    }

    /// Changes how long a statement may take, until the connection goes back. Zero means for ever.
    public func setStatementTimeout(_ timeout: Duration) async throws(PostgresError) {
        try await self.core.setStatementTimeout(timeout, on: self.id)
    }

    /// Sends rows to `COPY … FROM STDIN`. If `write` throws, the server forgets them all and its error is thrown on.
    ///
    /// - Returns: Rows copied.
    public func copyIn(_ sql: String, _ write: (inout CopyWriter) async throws -> Void) async throws -> Int {
        try await self.core.beginCopyIn(sql, on: self.id)
        var writer = CopyWriter(core: self.core, id: self.id)
        do {
            try await write(&writer)
            try await writer.flush()
        } catch {
            // The server answers a given up COPY with an error; ours says more.
            _ = try? await self.core.endCopyIn(failure: "given up by the client", on: self.id)
            throw error
        }
        return try await self.core.endCopyIn(failure: nil, on: self.id)
    }

    /// Reads from `COPY … TO STDOUT`: chunks of whole rows of about 64 KB. The server waits while `chunk` works.
    ///
    /// If `chunk` throws, the connection is given up: the rest would have to be read. - Returns: Rows copied.
    @discardableResult
    public func copyOut(_ sql: String, _ chunk: ([UInt8]) async throws -> Void) async throws -> Int {
        try await self.core.beginCopyOut(sql, on: self.id)
        do {
            while true {
                switch try await self.core.nextCopyChunk(on: self.id) {
                case .rows(let bytes): try await chunk(bytes)
                case .end(let count): return count
                }
            }
        } catch {
            await self.core.discard(self.id)
            throw error
        }
    }
}

/// Where the rows of a COPY go. Waits for the server where it is slower.
public struct CopyWriter: ~Copyable {
    private let core: PoolCore
    private let id: PoolCore.ConnectionID
    private var buffer: [UInt8] = []

    init(core: PoolCore, id: PoolCore.ConnectionID) {
        self.core = core
        self.id = id
    }

    /// Appends bytes in the format that the statement names; rows may be split anywhere.
    public mutating func write(_ bytes: [UInt8]) async throws(PostgresError) {
        self.buffer += bytes
        if self.buffer.count >= 64 * 1024 { try await self.flush() }
    }

    mutating func flush() async throws(PostgresError) {
        guard !self.buffer.isEmpty else { return }
        if Task.isCancelled { throw .cancelled }
        let bytes = self.buffer
        self.buffer.removeAll(keepingCapacity: true)
        try await self.core.putCopyData(bytes, on: self.id)
    }
}
