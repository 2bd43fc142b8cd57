internal import CLibPQ

extension ConnectionDriver {
    /// Bytes of COPY OUT that are handed over at once.
    private static var chunkSize: Int { 64 * 1024 }

    func beginCopyIn(_ sql: String) async throws(PostgresError) {
        let result = try await self.script(sql)
        guard result.status == PGRES_COPY_IN else {
            throw PostgresError(.invalidConfiguration, "not a COPY … FROM STDIN statement")
        }
    }

    func putCopyData(_ bytes: [UInt8]) async throws(PostgresError) {
        try self.requireUsable()
        let status = unsafe bytes.withUnsafeBytes { buffer in
            unsafe buffer.baseAddress.map { start in
                unsafe PQputCopyData(self.handle.pointer, start.assumingMemoryBound(to: CChar.self), Int32(buffer.count))
            } ?? 1
        }
        guard status == 1 else { throw self.handle.error(.query) }
        try await self.drainOutput()
    }

    /// - Returns: Rows copied.
    func endCopyIn(failure: String?) async throws(PostgresError) -> Int {
        try self.requireUsable()
        let status = unsafe PQputCopyEnd(self.handle.pointer, failure)
        guard status == 1 else { throw self.handle.error(.query) }
        return try await self.results(isCancellable: false).affectedRows
    }

    func beginCopyOut(_ sql: String) async throws(PostgresError) {
        let result = try await self.script(sql)
        guard result.status == PGRES_COPY_OUT else {
            throw PostgresError(.invalidConfiguration, "not a COPY … TO STDOUT statement")
        }
    }

    enum CopyChunk: Sendable {
        /// Whole rows.
        case rows([UInt8])
        /// All have been read, so many.
        case end(count: Int)
    }

    func nextCopyChunk() async throws(PostgresError) -> CopyChunk {
        try self.requireUsable()
        // libpq says so once only.
        if self.isAtCopyEnd { return try await self.endCopyOut() }
        var chunk: [UInt8] = []
        while chunk.count < Self.chunkSize {
            var row: UnsafeMutablePointer<CChar>?
            let length = unsafe PQgetCopyData(self.handle.pointer, &row, 1)
            defer { unsafe PQfreemem(row) }
            switch length {
            case 0 where !chunk.isEmpty:
                try self.pauseReading()
                return .rows(chunk)
            case 0: try await self.waitForCopyData()
            case -1:
                self.isAtCopyEnd = true
                return chunk.isEmpty ? try await self.endCopyOut() : .rows(chunk)
            case -2: throw self.handle.error(.query)
            default:
                if let row = unsafe row {
                    unsafe chunk.append(
                        contentsOf: UnsafeRawBufferPointer(start: row, count: Int(length)))
                }
            }
        }
        try self.pauseReading()
        return .rows(chunk)
    }

    private func endCopyOut() async throws(PostgresError) -> CopyChunk {
        self.isAtCopyEnd = false
        try self.resumeReading()
        return .end(count: try await self.results(isCancellable: true).affectedRows)
    }
}
