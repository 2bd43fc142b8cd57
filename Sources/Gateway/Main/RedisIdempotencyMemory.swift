import Domain
import GatewayCore
import Redis

/// Idempotency keys in Redis: `idem:{key}` holds `-` while claimed, then fingerprint, status and location, a line each, and the body.
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

    func settle(_ key: String, _ answer: RememberedAnswer) async throws(RepositoryError) {
        let value = Array("\(answer.fingerprint)\n\(answer.status)\n\(answer.location ?? "")\n".utf8) + answer.body
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
        let lines = bytes.split(separator: UInt8(ascii: "\n"), maxSplits: 3, omittingEmptySubsequences: false)
        guard lines.count == 4, let fingerprint = UInt64(String(decoding: lines[0], as: UTF8.self)),
            let status = Int(String(decoding: lines[1], as: UTF8.self))
        else { return .inProgress }
        let location = String(decoding: lines[2], as: UTF8.self)
        return .answered(
            RememberedAnswer(
                fingerprint: fingerprint, status: status, location: location.isEmpty ? nil : location, body: Array(lines[3])))
    }
}
