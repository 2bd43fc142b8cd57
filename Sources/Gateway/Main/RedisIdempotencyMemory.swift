import Domain
import GatewayCore
import Redis

/// Idempotency keys in Redis: `idem:{key}` holds `-` while claimed, then fingerprint and body.
struct RedisIdempotencyMemory: IdempotencyMemory {
    private static let claimSeconds = 30
    private static let answerSeconds = 24 * 3600

    let redis: RedisClient

    func claim(_ key: String) async throws(RepositoryError) -> IdempotencyRecord {
        // SET with NX and GET in one step: null says that the key was free and is ours now.
        switch try await self.send(RedisCommand("SET", Self.name(key), "-", "NX", "GET", "EX", Self.claimSeconds)) {
        case .null: return .claimed
        case .bytes(let bytes): return Self.record(bytes)
        default: throw RepositoryError(.malformed, "unexpected reply to SET")
        }
    }

    func settle(_ key: String, fingerprint: UInt64, body: [UInt8]) async throws(RepositoryError) {
        let value = Array("\(fingerprint)\n".utf8) + body
        _ = try await self.send(RedisCommand("SET", Self.name(key), value, "EX", Self.answerSeconds))
    }

    func release(_ key: String) async throws(RepositoryError) { _ = try await self.send(RedisCommand("DEL", Self.name(key))) }

    private func send(_ command: RedisCommand) async throws(RepositoryError) -> RESPValue {
        let reply: RESPValue
        do {
            reply = try await self.redis.send(command)
        } catch {
            throw RepositoryError(.unavailable, "Redis", cause: error)
        }
        if case .error(let message) = reply { throw RepositoryError(.unavailable, message) }
        return reply
    }

    private static func name(_ key: String) -> String { "idem:\(key)" }

    private static func record(_ bytes: [UInt8]) -> IdempotencyRecord {
        guard let end = bytes.firstIndex(of: UInt8(ascii: "\n")),
            let fingerprint = UInt64(String(decoding: bytes[..<end], as: UTF8.self))
        else { return .inProgress }
        return .answered(fingerprint: fingerprint, body: Array(bytes[(end + 1)...]))
    }
}
