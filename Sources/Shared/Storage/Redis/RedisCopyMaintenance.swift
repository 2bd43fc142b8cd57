package import Domain
package import Redis

/// Finds and removes entries in Redis page by page, on the server, so that no list travels only to be looked at.
package struct RedisCopyMaintenance: CopyMaintenance {
    private let redis: RedisClient

    package init(redis: RedisClient) { self.redis = redis }

    /// KEYS: none. ARGV: cursor, pattern, the person's identifier, its eight bytes, little-endian. Removes lists whose header names the
    /// person (see ``CachedList``), and remembered answers in whose text the identifier stands as an `id`, a `user_id` or a
    /// `target_user_id`. Answers the next cursor and how many entries went.
    private static let script = """
        local page = redis.call('SCAN', ARGV[1], 'MATCH', ARGV[2], 'COUNT', 1000)
        local removed = 0
        for _, key in ipairs(page[2]) do
            local found = false
            if string.find(key, ':rec:', 1, true) then
                local size = tonumber(struct.unpack('<I8', redis.call('GETRANGE', key, 16, 23) .. string.rep('\\0', 8)))
                local people = redis.call('GETRANGE', key, 24, 23 + 8 * math.min(size, 10000))
                for place = 1, #people, 8 do
                    if string.sub(people, place, place + 7) == ARGV[4] then found = true break end
                end
            else
                local answer = redis.call('GET', key) or ''
                for _, name in ipairs({'"id":', '"user_id":', '"target_user_id":'}) do
                    for _, stop in ipairs({',', '}'}) do
                        if string.find(answer, name .. ARGV[3] .. stop, 1, true) then found = true end
                    end
                end
            end
            if found then removed = removed + redis.call('UNLINK', key) end
        end
        return {page[1], removed}
        """

    package func removeCopies(of user: UserID) async throws(RepositoryError) -> Int {
        let id = user.description
        var bytes: [UInt8] = []
        for shift in stride(from: 0, to: 64, by: 8) { bytes.append(UInt8(truncatingIfNeeded: user.rawValue >> Int64(shift))) }
        var removed = 0
        for pattern in ["*:rec:*", "idem:*"] {
            removed += try await self.scan { cursor throws(RedisError) in
                try await self.redis.script(Self.script, keys: [], arguments: [cursor, pattern, id, bytes])
            }
        }
        for pattern in ["*:rec:\(id):*", "*:ver:\(id)", "feat:*:\(id)", "idem:user:\(id):*", "rate:s:\(id)", "rate:l:\(id)"] {
            removed += try await self.remove(matching: pattern)
        }
        return removed
    }

    package func flush() async throws(RepositoryError) -> Int {
        var removed = 0
        for pattern in ["*:rec:*", "feat:*"] { removed += try await self.remove(matching: pattern) }
        return removed
    }

    private static let removal = """
        local page = redis.call('SCAN', ARGV[1], 'MATCH', ARGV[2], 'COUNT', 1000)
        local removed = 0
        for _, key in ipairs(page[2]) do removed = removed + redis.call('UNLINK', key) end
        return {page[1], removed}
        """

    private func remove(matching pattern: String) async throws(RepositoryError) -> Int {
        try await self.scan { cursor throws(RedisError) in
            try await self.redis.script(Self.removal, keys: [], arguments: [cursor, pattern])
        }
    }

    /// Goes through all pages; each answers the next cursor and a number, which are summed up.
    private func scan(_ page: (String) async throws(RedisError) -> RESPValue) async throws(RepositoryError) -> Int {
        var cursor = "0"
        var sum = 0
        do {
            repeat {
                guard let reply = try await page(cursor).array, reply.count == 2, let next = reply[0].string, let count = reply[1].integer
                else { throw RedisError(.malformed, "a page without a cursor") }
                cursor = next
                sum += Int(count)
            } while cursor != "0"
            return sum
        } catch {
            throw RepositoryError(.unavailable, "copies can't be removed", cause: error)
        }
    }
}
