import Domain
import GatewayCore
import Redis

/// Revocations in the sorted set `revocations`, by the second at which they may be forgotten: `t:{jti}` and `s:{microseconds}:{subject}`.
struct RedisRevocationStore: RevocationStore {
    private static let key = "revocations"
    private static let channel = "duet:revocations"

    let redis: RedisClient

    func revocations(limit: Int) async throws(RepositoryError) -> [Revocation] {
        let now = Timestamp.now.rawValue / 1_000_000
        let reply = try await self.send(
            RedisCommand("ZREVRANGEBYSCORE", arguments: [Self.key, "+inf", "(\(now)", "WITHSCORES", "LIMIT", 0, limit]))
        guard let values = reply.array, values.count.isMultiple(of: 2) else { throw RepositoryError(.malformed, "no list of revocations") }
        return stride(from: 0, to: values.count, by: 2).compactMap { index in
            guard let text = values[index].string, let expiry = values[index + 1].integer else { return nil }
            return Self.target(text).map { Revocation($0, expiresAt: Timestamp(seconds: expiry)) }
        }
    }

    func revoke(_ revocation: Revocation) async throws(RepositoryError) {
        let expiry = revocation.expiresAt.rawValue / 1_000_000 + 1
        _ = try await self.send(RedisCommand("ZADD", Self.key, Int(expiry), Self.text(revocation.target)))
        _ = try await self.send(RedisCommand("ZREMRANGEBYSCORE", Self.key, "-inf", Int(Timestamp.now.rawValue / 1_000_000)))
        _ = try await self.send(RedisCommand("PUBLISH", Self.channel, ""))
    }

    func changes(interval: Duration) -> AsyncStream<Void> {
        let (stream, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        // Cancelled when the stream ends.
        let listening = Task { [redis] in
            await withDiscardingTaskGroup { group in
                group.addTask { while (try? await Task.sleep(for: interval)) != nil { continuation.yield() } }
                group.addTask { for await _ in redis.subscribe([Self.channel]) { continuation.yield() } }
            }
            continuation.finish()
        }
        continuation.onTermination = { _ in listening.cancel() }
        return stream
    }

    private func send(_ command: RedisCommand) async throws(RepositoryError) -> RESPValue {
        do {
            return try await self.redis.send(command)
        } catch {
            throw RepositoryError(.unavailable, "Redis", cause: error)
        }
    }

    private static func text(_ target: Revocation.Target) -> String {
        switch target {
        case .token(let id): "t:\(id)"
        case .subject(let subject, let until): "s:\(until.rawValue):\(subject)"
        }
    }

    private static func target(_ text: String) -> Revocation.Target? {
        let parts = text.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
        if parts.first == "t", parts.count > 1 { return .token(String(text.dropFirst(2))) }
        guard parts.first == "s", parts.count == 3, let until = Int64(parts[1]) else { return nil }
        return .subject(String(parts[2]), until: Timestamp(microseconds: until))
    }
}
