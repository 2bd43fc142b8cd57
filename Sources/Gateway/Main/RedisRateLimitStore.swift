import Domain
import GatewayCore
import Redis

/// Buckets in Redis: `rate:{key}` holds the moment at which the bucket is full again, in microseconds of the server's clock (GCRA), and goes
/// when that has passed.
struct RedisRateLimitStore: RateLimitStore {
    /// KEYS: the bucket. ARGV: microseconds between two requests, the burst, wanted, the minimum.
    /// Answers what is granted, what is left, and microseconds until the minimum could be granted.
    private static let script = """
        local time = redis.call('TIME')
        local now = time[1] * 1000000 + time[2]
        local interval, burst, wanted, minimum = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
        local full = math.max(now, tonumber(redis.call('GET', KEYS[1]) or 0))
        local room = math.floor((now + burst * interval - full) / interval)
        if room < minimum then return {0, math.max(0, room), full + (minimum - burst) * interval - now} end
        local granted = math.min(room, wanted)
        full = full + granted * interval
        redis.call('SET', KEYS[1], string.format('%.0f', full), 'PX', math.ceil((full - now) / 1000) + 1)
        return {granted, room - granted, 0}
        """

    let redis: RedisClient

    func lease(_ key: String, _ policy: RateLimitPolicy, wanted: Int, minimum: Int) async throws(RepositoryError) -> RateLimitLease {
        let interval = max(1, Int(policy.interval / .microseconds(1)))
        let reply: RESPValue
        do {
            reply = try await self.redis.script(
                Self.script, keys: ["rate:\(key)"], arguments: [interval, policy.burst, wanted, minimum])
        } catch {
            throw RepositoryError(.unavailable, "Redis", cause: error)
        }
        guard let values = reply.array?.compactMap(\.integer), values.count == 3 else {
            throw RepositoryError(.malformed, "unexpected reply of the bucket")
        }
        return RateLimitLease(granted: Int(values[0]), remaining: Int(values[1]), retryAfter: .microseconds(values[2]))
    }
}
