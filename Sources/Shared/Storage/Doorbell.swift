internal import Domain
internal import Logging
internal import Redis
internal import Synchronization

/// Tells readers elsewhere to look now. A lost ring only delays them: they also look by the clock.
final class Doorbell: Sendable {
    enum Channel: String, CaseIterable, Sendable {
        case log = "duet:log"
        case models = "duet:models"
    }

    /// Time between two rings that one reader hears: under many writes it reads many at once.
    private static let spacing = Duration.milliseconds(20)

    private enum Ringing { case publishing, publishingAgain }

    private let redis: RedisClient?
    private let logger: Logger
    private let ringing = Mutex<[Channel: Ringing]>([:])

    init(redis: RedisClient?, logger: Logger) {
        self.redis = redis
        self.logger = logger
    }

    /// Returns at once. Rings that come while one is on its way are one ring more, however many they are.
    func ring(_ channel: Channel) {
        guard let redis else { return }
        let isFirst = self.ringing.withLock { ringing in
            defer { ringing[channel] = ringing[channel] == nil ? .publishing : .publishingAgain }
            return ringing[channel] == nil
        }
        guard isFirst else { return }
        // Nobody waits for it: a write is done without its ring. It ends by itself, at the latest with the command's own time-out.
        Task {
            repeat {
                do {
                    _ = try await redis.send(RedisCommand("PUBLISH", channel.rawValue, ""))
                } catch {
                    self.logger.debug("The doorbell could not be rung", metadata: ["channel": "\(channel.rawValue)"])
                }
            } while self.isRungAgain(channel)
        }
    }

    private func isRungAgain(_ channel: Channel) -> Bool {
        self.ringing.withLock { ringing in
            let isRungAgain = ringing[channel] == .publishingAgain
            ringing[channel] = isRungAgain ? .publishing : nil
            return isRungAgain
        }
    }

    /// Yields at once, at each ring, whenever rings may have been missed, and every `interval`. Rings that come fast become one.
    func rings(_ channel: Channel, interval: Duration) -> AsyncStream<Void> {
        let (stream, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        continuation.yield()
        // Cancelled when the stream ends.
        let listening = Task { [redis] in
            await withDiscardingTaskGroup { group in
                group.addTask {
                    while (try? await Task.sleep(for: interval)) != nil { continuation.yield() }
                }
                if let redis {
                    group.addTask {
                        for await _ in redis.subscribe([channel.rawValue], capacity: 1) {
                            continuation.yield()
                            try? await Task.sleep(for: Self.spacing)
                        }
                    }
                }
            }
            continuation.finish()
        }
        continuation.onTermination = { _ in listening.cancel() }
        return stream
    }
}
