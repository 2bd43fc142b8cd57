internal import Crypto
public import Logging
internal import Synchronization

/// The keys of a JSON Web Key Set (RFC 7517) that somebody publishes, followed as it changes.
///
/// Whoever rotates adds the new key, lets both stand while tokens of the old one live, and then takes the old one out: every key of the set
/// is valid, and one that left it is not, from the next look on. A token that names an unknown key causes a look at once, though not
/// more often than the source bears.
public final class PublishedKeySource: KeySource {
    private struct State {
        var keys: [(id: String?, key: VerificationKey)] = []
        var content: [UInt8] = []
        var generation: UInt64 = 0
        var lookedAt: ContinuousClock.Instant?
        var isLooking = false
    }

    private static let minimumPause: Duration = .seconds(5)

    private let fetch: @Sendable () async throws -> [UInt8]
    private let interval: Duration
    private let now: @Sendable () -> ContinuousClock.Instant
    private let logger: Logger
    private let state = Mutex(State())

    /// - Parameters:
    ///   - interval: Between two looks.
    ///   - fetch: Reads the set.
    public init(
        interval: Duration, logger: Logger, now: @escaping @Sendable () -> ContinuousClock.Instant = { .now },
        fetch: @escaping @Sendable () async throws -> [UInt8]
    ) {
        self.fetch = fetch
        self.interval = interval
        self.now = now
        self.logger = logger
    }

    public var generation: UInt64 { self.state.withLock { $0.generation } }

    public func claims(of token: String) async throws -> TokenClaims {
        guard let token = SignedToken(token) else { throw KeyError.malformedToken }
        if !self.verifies(token) {
            guard self.knowsNothing(of: token), await self.lookAgain(), self.verifies(token) else { throw KeyError.unknownKey }
        }
        guard let claims = token.claims else { throw KeyError.malformedToken }
        return claims
    }

    /// Reads the set now.
    /// - Throws: ``KeyError``, or what the reading throws; the keys stay what they were.
    public func refresh() async throws {
        let content = try await self.fetch()
        let keys = try Self.keys(in: content)
        let isNew = self.state.withLock { state in
            guard state.content != content else { return false }
            state.content = content
            state.keys = keys
            state.generation += 1
            return true
        }
        if isNew { self.logger.info("Token keys were read", metadata: ["keys": "\(keys.count)"]) }
    }

    public func run() async {
        while (try? await Task.sleep(for: self.interval)) != nil { await self.look() }
    }

    // MARK: Looking

    private func look() async {
        self.state.withLock { $0.lookedAt = self.now() }
        do {
            try await self.refresh()
        } catch {
            self.logger.warning("Token keys can't be read; those known stay valid", metadata: ["error": "\(error)"])
        }
    }

    /// Looks unless somebody does, or did a moment ago.
    private func lookAgain() async -> Bool {
        let isDue = self.state.withLock { state in
            if state.isLooking { return false }
            if let last = state.lookedAt, self.now() - last < Self.minimumPause { return false }
            state.isLooking = true
            return true
        }
        guard isDue else { return false }
        await self.look()
        self.state.withLock { $0.isLooking = false }
        return true
    }

    /// Whether the token names a key that is not in the set; a bad signature of a known key is no reason to look.
    private func knowsNothing(of token: SignedToken) -> Bool {
        guard let id = token.keyID else { return false }
        return self.state.withLock { state in !state.keys.contains { $0.id == id } }
    }

    private func verifies(_ token: SignedToken) -> Bool {
        let keys = self.state.withLock { $0.keys }
        return keys.contains { (token.keyID == nil || $0.id == token.keyID) && $0.key.verifies(token) }
    }

    private static func keys(in content: [UInt8]) throws(KeyError) -> [(id: String?, key: VerificationKey)] {
        guard let set = try? JSONParser.parse(content), let entries = set["keys"]?.array else { throw .malformedKeys }
        let keys = entries.compactMap { entry in VerificationKey(jwk: entry).map { (id: entry["kid"]?.string, key: $0) } }
        guard !keys.isEmpty else { throw .malformedKeys }
        return keys
    }
}
