internal import CLibPQ
internal import Logging

extension ConnectionDriver {
    /// Runs one prepared statement.
    func query(_ query: PostgresQuery) async throws(PostgresError) -> PostgresRows {
        let key = StatementCache.Key(sql: query.sql, types: query.types)
        do {
            return try await self.runPrepared(query, key: key)
        } catch  where error.isStaleStatement {
            // In a transaction the statement has spoiled everything; outside of one it is simply prepared anew.
            if let name = self.statements.remove(key), error.sqlState != "26000", self.isIdleTransaction {
                _ = try await self.script("DEALLOCATE \(name)")
            }
            guard self.isIdleTransaction else { throw error }
            self.logger.debug("statement prepared again", metadata: ["db.statement": "\(key.sql)"])
            return try await self.runPrepared(query, key: key)
        }
    }

    /// Runs a statement that is prepared already, without a task: `completion` is called once, on the loop.
    ///
    /// - Returns: `false`, and nothing was sent, if the statement must be prepared first or the connection isn't at rest.
    func send(_ query: PostgresQuery, _ completion: @escaping (Result<PostgresRows, PostgresError>) -> Void) -> Bool {
        guard self.isUsable, self.isAtRest, let name = self.statements.name(of: StatementCache.Key(sql: query.sql, types: query.types))
        else { return false }
        return self.begin { connection in
            Self.send(query, as: name, on: connection)
        } _: { outcome in
            do throws(PostgresError) {
                try outcome.get()
                completion(.success(PostgresRows(try self.takeResult())))
            } catch {
                completion(.failure(error))
            }
        }
    }

    private func runPrepared(_ query: PostgresQuery, key: StatementCache.Key) async throws(PostgresError) -> PostgresRows {
        let name = try await self.prepared(key)
        let result = try await self.exchange { connection in Self.send(query, as: name, on: connection) }
        return PostgresRows(result)
    }

    /// libpq's answer: 0 means that nothing was sent.
    private static func send(_ query: PostgresQuery, as name: String, on connection: ConnectionHandle) -> Int32 {
        unsafe query.withParameterPointers { values, lengths, formats in
            unsafe PQsendQueryPrepared(connection.pointer, name, Int32(query.parameterCount), values, lengths, formats, 1)
        }
    }

    private func prepared(_ key: StatementCache.Key) async throws(PostgresError) -> String {
        if let name = self.statements.name(of: key) { return name }
        let (name, evicted) = self.statements.reserve()
        if let evicted, self.isIdleTransaction { _ = try await self.script("DEALLOCATE \(evicted)") }
        self.logger.trace("statement prepared", metadata: ["db.statement": "\(key.sql)"])
        _ = try await self.exchange { connection in
            unsafe PQsendPrepare(connection.pointer, name, key.sql, Int32(key.types.count), key.types)
        }
        self.statements.insert(key, name: name)
        return name
    }

    /// Runs any number of statements without parameters by the simple protocol.
    func script(_ sql: String, isCancellable: Bool = true) async throws(PostgresError) -> ResultHandle {
        try await self.exchange(isCancellable: isCancellable) { connection in unsafe PQsendQuery(connection.pointer, sql) }
    }
}

extension PostgresQuery {
    /// Lends libpq's three arrays to `body`.
    func withParameterPointers<R>(
        _ body: (UnsafePointer<UnsafePointer<CChar>?>, UnsafePointer<Int32>, UnsafePointer<Int32>) -> R
    ) -> R {
        let formats = [Int32](repeating: 1, count: self.lengths.count + 1)
        // One byte more, so that an empty value has an address, too: a null pointer means NULL.
        return unsafe (self.values + [0]).withUnsafeBytes { bytes in
            let base = unsafe bytes.baseAddress?.assumingMemoryBound(to: CChar.self)
            var pointers: [UnsafePointer<CChar>?] = unsafe []
            unsafe pointers.reserveCapacity(self.lengths.count + 1)
            var offset = 0
            for length in self.lengths {
                unsafe pointers.append(length < 0 ? nil : base.map { unsafe $0 + offset })
                offset += Int(max(0, length))
            }
            unsafe pointers.append(nil)
            return unsafe pointers.withUnsafeBufferPointer { pointers in
                unsafe (self.lengths + [0]).withUnsafeBufferPointer { lengths in
                    unsafe formats.withUnsafeBufferPointer { formats in
                        guard let pointers = pointers.baseAddress, let lengths = lengths.baseAddress,
                            let formats = formats.baseAddress
                        else { preconditionFailure("an array of at least one element has an address") }
                        return unsafe body(pointers, lengths, formats)
                    }
                }
            }
        }
    }
}
