package import Domain
package import Logging
package import Redis

/// Values under `feat:{schema}:{embedding}:{id}`.
package struct RedisFeatureCache: FeatureCache {
    private static let lifetime = 300  // Seconds; the specification's.
    private static let channel = "duet:features"

    private let redis: RedisClient
    private let logger: Logger

    package init(redis: RedisClient, logger: Logger) {
        self.redis = redis
        self.logger = logger
    }

    package func values(of ids: [UserID], _ version: FeatureVersion) async -> [[UInt8]?] {
        let misses = [[UInt8]?](repeating: nil, count: ids.count)
        guard !ids.isEmpty else { return misses }
        let command = RedisCommand("MGET", arguments: ids.map { Self.key($0, version) })
        guard case .array(let values) = await self.send(command), values.count == ids.count else { return misses }
        return values.map { value in
            guard case .bytes(let bytes) = value else { return nil }
            return bytes
        }
    }

    package func store(_ values: [(id: UserID, value: [UInt8])], _ version: FeatureVersion) async {
        guard !values.isEmpty else { return }
        do {
            _ = try await self.redis.pipeline(
                values.map { RedisCommand("SETEX", Self.key($0.id, version), Self.lifetime, $0.value) })
        } catch {
            self.logger.debug("The feature cache is away", metadata: ["error": "\(error)"])
        }
    }

    package func remove(_ ids: [UserID], _ version: FeatureVersion) async {
        guard !ids.isEmpty else { return }
        _ = await self.send(RedisCommand("UNLINK", arguments: ids.map { Self.key($0, version) }))
    }

    package func announce(_ ids: [UserID]) async {
        guard !ids.isEmpty else { return }
        let text = ids.map(\.description).joined(separator: ",")
        _ = await self.send(RedisCommand("PUBLISH", Self.channel, text))
    }

    package func changes() -> AsyncStream<FeatureChange> {
        let (stream, continuation) = AsyncStream.makeStream(of: FeatureChange.self)
        // Cancelled when the stream ends.
        let listening = Task { [redis] in
            for await message in redis.subscribe([Self.channel]) { continuation.yield(Self.change(message)) }
            continuation.finish()
        }
        continuation.onTermination = { _ in listening.cancel() }
        return stream
    }

    private func send(_ command: RedisCommand) async -> RESPValue? {
        do {
            return try await self.redis.send(command)
        } catch {
            self.logger.debug("The feature cache is away", metadata: ["error": "\(error)"])
            return nil
        }
    }

    private static func change(_ message: RedisMessage) -> FeatureChange {
        guard let text = message.text else { return .unknown }  // Subscribed, perhaps again: messages may have been missed.
        let ids = text.split(separator: ",").map { Int64($0) }
        return ids.contains(nil) ? .unknown : .people(ids.compactMap(\.self).map(UserID.init(_:)))
    }

    private static func key(_ id: UserID, _ version: FeatureVersion) -> String {
        "feat:\(version.schema):\(version.embedding):\(id)"
    }
}
