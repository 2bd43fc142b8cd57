package import Domain
package import Logging
package import Redis
internal import Synchronization

/// Lists under `{run}:rec:{viewer}:{key}`, viewers' versions under `{run}:ver:{viewer}`, changed people in the sorted set
/// `{run}:safety:log`; `{run}` is the run id of the server process.
///
/// A server that was restarted from a file, or took over as a replica, may have lost bumps: its keys must not be believed. Each round
/// trip therefore runs a script that carries the run id, or asks whether it is loaded. Scripts live in one server process, are neither
/// saved nor replicated: while it is there, the process is the one whose run id is in the keys.
///
/// A viewer's version is a random number: one that was evicted and made anew never equals an old one. A person's place in the safety log
/// is the time of their change in microseconds of the server's clock, never falling; the safety version is the last of them. The log
/// forgets what is older than any list. Its member `floor` says since when it is whole. Who did something stands in a log of the same kind,
/// `{run}:actions:log`, which concerns copies of people alone and looks back for seconds.
package final class RedisRecommendationCache: RecommendationCache {
    private struct Run {
        let id: String
        /// Of the script that looks a list up, which carries the run id.
        let digest: String
        /// Of the script that tells who changed, which does too.
        let newsDigest: String
    }

    private static let lifetime = 600  // Seconds that a list is kept.
    private static let memory: Int64 = 3_600_000_000  // Microseconds that the safety log looks back: longer than any list is kept.
    private static let actionMemory: Int64 = 10_000_000  // Microseconds that the log of actions looks back.
    private static let newsLimit = 5000  // People told in one go.
    private static let versionLifetime = 86_400  // Seconds that a version is kept without a bump.

    private let redis: RedisClient
    private let logger: Logger
    private let run = Mutex<Run?>(nil)

    package init(redis: RedisClient, logger: Logger) {
        self.redis = redis
        self.logger = logger
    }

    package func lookup(_ key: String, viewer: UserID) async -> CacheLookup {
        do {
            let run = try await self.currentRun()
            let reply: RESPValue
            do {
                reply = try await self.redis.send(
                    RedisCommand(
                        "EVALSHA", run.digest, 3, Self.list(run, viewer, key), Self.version(run, viewer), Self.log(run),
                        UInt64.random(in: 1...UInt64.max), Self.versionLifetime))
            } catch  where error.code == .command && error.message.hasPrefix("NOSCRIPT") {
                self.forget(run)
                return .miss(nil)
            }
            guard let values = reply.array, values.count >= 2, let viewerVersion = values[1].string.flatMap({ UInt64($0) }) else {
                return .miss(nil)
            }
            guard values.count == 3, let safety = values[2].integer else { return .miss(try await self.prepare(run, viewerVersion)) }
            let versions = CacheVersions(viewer: viewerVersion, safety: safety)
            guard let list = values[0].bytes.flatMap(CachedList.init(decoding:)), list.versions.viewer == versions.viewer,
                try await self.isUnchanged(list, safety: safety, run)
            else { return .miss(versions) }
            return .hit(list.answer)
        } catch {
            self.logger.debug("The cache is away", metadata: ["error": "\(error)"])
            return .miss(nil)
        }
    }

    package func store(_ answer: [UInt8], showing people: [UserID], key: String, viewer: UserID, versions: CacheVersions) {
        // Under the run whose versions these are, or under none: a run met since then knows nothing of them, so nothing would match.
        guard let run = self.run.withLock({ $0 }) else { return }
        let list = CachedList(versions: versions, people: people, answer: answer)
        self.redis.post(RedisCommand("SETEX", Self.list(run, viewer, key), Self.lifetime, list.encode()))
    }

    package func bump(viewers: [UserID]) async throws(RepositoryError) {
        guard !viewers.isEmpty else { return }
        try await self.change { run in
            viewers.map { RedisCommand("SET", Self.version(run, $0), UInt64.random(in: 1...UInt64.max), "EX", Self.versionLifetime) }
                + [RedisCommand("EVAL", arguments: [Self.logging, 1, Self.actions(run), Self.actionMemory] + viewers.map { $0.rawValue })]
        }
    }

    package func changed(people: [UserID]) async throws(RepositoryError) {
        guard !people.isEmpty else { return }
        try await self.change { run in
            [RedisCommand("EVAL", arguments: [Self.logging, 1, Self.log(run), Self.memory] + people.map { $0.rawValue })]
        }
    }

    package func changedPeople(since position: ChangePosition?) async -> ChangedPeople? {
        do {
            let run = try await self.currentRun()
            let known = position.flatMap { $0.run == run.id ? $0 : nil }
            let reply: RESPValue
            do {
                reply = try await self.redis.send(
                    RedisCommand(
                        "EVALSHA", run.newsDigest, 2, Self.log(run), Self.actions(run), known.map { String($0.changes) } ?? "",
                        known.map { String($0.actions) } ?? "", Self.newsLimit))
            } catch  where error.code == .command && error.message.hasPrefix("NOSCRIPT") {
                self.forget(run)
                return nil
            }
            guard let values = reply.array, values.count == 4, let changes = values[0].integer, let actions = values[1].integer else {
                return nil
            }
            let position = ChangePosition(run: run.id, changes: changes, actions: actions)
            // Null where the log no longer reaches back, or so many changed that they are not worth telling.
            guard known != nil, let changed = values[2].array, let acted = values[3].array else {
                return ChangedPeople(people: nil, position: position)
            }
            let people = (changed + acted).compactMap { $0.string.flatMap { Int64($0) }.map(UserID.init(_:)) }
            return ChangedPeople(people: people, position: position)
        } catch {
            self.logger.debug("The cache is away", metadata: ["error": "\(error)"])
            return nil
        }
    }

    // MARK: Versions

    /// For each of the two logs its last version, then for each who was added after ARGV[1] and ARGV[2], or null where it can't be told or
    /// more than ARGV[3] were.
    private static func news(runID: String) -> String {
        """
        -- \(runID)
        local reply = {}
        for index = 1, 2 do
            local last = redis.call('ZREVRANGE', KEYS[index], 0, 0, 'WITHSCORES')[2] or '0'
            local known = tonumber(ARGV[index])
            local changed = {}
            if not known then
                changed = false
            elseif tonumber(last) ~= known then
                local floor = redis.call('ZSCORE', KEYS[index], 'floor')
                if not floor or tonumber(floor) > known or tonumber(last) < known then
                    changed = false
                else
                    changed = redis.call('ZRANGEBYSCORE', KEYS[index], '(' .. ARGV[index], '+inf', 'LIMIT', 0, ARGV[3])
                    if #changed == tonumber(ARGV[3]) then changed = false end
                end
            end
            reply[index] = last
            reply[index + 2] = changed
        end
        return reply
        """
    }

    /// Reads a list, the viewer's version and the safety version in one command; a version that is missing is made of ARGV[1] for
    /// ARGV[2] seconds. Without a safety log the answer ends after the second value.
    private static func lookup(runID: String) -> String {
        """
        -- \(runID)
        local version = redis.call('GET', KEYS[2])
        if not version then
            version = ARGV[1]
            redis.call('SET', KEYS[2], version, 'EX', ARGV[2])
        end
        return {redis.call('GET', KEYS[1]), version, redis.call('ZREVRANGE', KEYS[3], 0, 0, 'WITHSCORES')[2]}
        """
    }

    /// Adds ARGV[2…] to the log at the present, drops what is older than ARGV[1] microseconds, answers the version.
    private static let logging = """
        local time = redis.call('TIME')
        local now = time[1] * 1000000 + time[2]
        local last = redis.call('ZREVRANGE', KEYS[1], 0, 0, 'WITHSCORES')
        if last[2] then
            if #ARGV == 1 then return last[2] end
            now = math.max(now, tonumber(last[2]) + 1)
        else
            redis.call('ZADD', KEYS[1], string.format('%.0f', now), 'floor')
            now = now + 1
        end
        for index = 2, #ARGV do redis.call('ZADD', KEYS[1], string.format('%.0f', now), ARGV[index]) end
        local oldest = string.format('%.0f', now - tonumber(ARGV[1]))
        if redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', '(' .. oldest) > 0 then
            redis.call('ZADD', KEYS[1], 'NX', oldest, 'floor')
        end
        return redis.call('ZREVRANGE', KEYS[1], 0, 0, 'WITHSCORES')[2]
        """

    /// Begins the safety log.
    private func prepare(_ run: Run, _ viewerVersion: UInt64) async throws(RedisError) -> CacheVersions? {
        let replies = try await self.redis.pipeline([
            RedisCommand("SCRIPT", "EXISTS", run.digest), RedisCommand("EVAL", Self.logging, 1, Self.log(run), Self.memory),
        ])
        guard replies.count == 2, self.isSame(run, replies[0]), let safety = replies[1].integer else { return nil }
        return CacheVersions(viewer: viewerVersion, safety: safety)
    }

    /// Whether none of the people shown changed after the list was begun. Asks only if anybody did.
    private func isUnchanged(_ list: CachedList, safety: Int64, _ run: Run) async throws(RedisError) -> Bool {
        if list.versions.safety == safety { return true }
        guard list.versions.safety < safety else { return false }
        let members = ["floor"] + list.people.map(\.description)
        let reply = try await self.redis.send(RedisCommand("ZMSCORE", arguments: [Self.log(run)] + members))
        guard let scores = reply.array, scores.count == members.count, let floor = scores[0].integer, floor <= list.versions.safety else {
            return false
        }
        return scores.dropFirst().allSatisfy { score in score.isNull || score.integer.map { $0 <= list.versions.safety } ?? false }
    }

    /// Runs commands that must not get lost; once more under the new run id if the server has become another one.
    private func change(_ commands: (Run) -> [RedisCommand]) async throws(RepositoryError) {
        do {
            for _ in 0..<2 {
                let run = try await self.currentRun()
                let replies = try await self.redis.pipeline(commands(run) + [RedisCommand("SCRIPT", "EXISTS", run.digest)])
                for case .error(let message) in replies { throw RedisError(.command, message) }
                if let last = replies.last, self.isSame(run, last) { return }
            }
            throw RedisError(.unavailable, "the server changes too fast")
        } catch {
            throw RepositoryError(.unavailable, "the cache's versions can't be changed", cause: error)
        }
    }

    // MARK: The server's run

    private func currentRun() async throws(RedisError) -> Run {
        if let run = self.run.withLock({ $0 }) { return run }
        let information = try await self.redis.send(RedisCommand("INFO", "server")).string ?? ""
        guard let line = information.split(whereSeparator: \.isNewline).first(where: { $0.hasPrefix("run_id:") }) else {
            throw RedisError(.malformed, "INFO names no run id")
        }
        let id = String(line.dropFirst("run_id:".count))
        guard let digest = try await self.redis.send(RedisCommand("SCRIPT", "LOAD", Self.lookup(runID: id))).string else {
            throw RedisError(.malformed, "SCRIPT LOAD gave no digest")
        }
        guard let newsDigest = try await self.redis.send(RedisCommand("SCRIPT", "LOAD", Self.news(runID: id))).string else {
            throw RedisError(.malformed, "SCRIPT LOAD gave no digest")
        }
        let run = Run(id: id, digest: digest, newsDigest: newsDigest)
        self.run.withLock { $0 = run }
        return run
    }

    /// Takes the answer to `SCRIPT EXISTS`, and forgets the run if the server is another one.
    private func isSame(_ run: Run, _ reply: RESPValue) -> Bool {
        if reply.array?.first?.integer == 1 { return true }
        self.forget(run)
        return false
    }

    private func forget(_ run: Run) {
        self.run.withLock { current in
            if current?.id == run.id { current = nil }
        }
    }

    private static func list(_ run: Run, _ viewer: UserID, _ key: String) -> String { "\(run.id):rec:\(viewer):\(key)" }
    private static func version(_ run: Run, _ viewer: UserID) -> String { "\(run.id):ver:\(viewer)" }
    private static func actions(_ run: Run) -> String { "\(run.id):actions:log" }
    private static func log(_ run: Run) -> String { "\(run.id):safety:log" }
}
