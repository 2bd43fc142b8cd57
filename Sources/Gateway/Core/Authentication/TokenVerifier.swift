internal import Synchronization
public import Domain

/// Turns an `Authorization` header into an identity, or says why not.
public final class TokenVerifier: Sendable {
    private struct Entry {
        var identity: Identity
        var expiresAt: Timestamp
        var issuedAt: Timestamp?
        var tokenID: String?
        /// Of the keys under which it was verified.
        var generation: UInt64
    }

    /// Verified tokens of two generations: when the young one is full, the old one is dropped and the young one ages.
    private struct Cache {
        var young: [String: Entry] = [:]
        var old: [String: Entry] = [:]
    }

    /// How far clocks may differ: a token is taken that long after its expiry, and that long before it begins.
    public static let leeway: Duration = .seconds(30)

    private let keys: any KeySource
    private let revocations: RevocationList?
    private let audience: String
    private let capacity: Int
    private let now: @Sendable () -> Timestamp
    private let cache = Mutex(Cache())

    /// - Parameters:
    ///   - revocations: `nil`: no token is ever revoked.
    ///   - audience: One of the token's audiences must be this.
    ///   - cacheCapacity: How many verified tokens are remembered at most, until they expire.
    public init(
        keys: any KeySource, revocations: RevocationList? = nil, audience: String = "duet", cacheCapacity: Int = 20_000,
        now: @escaping @Sendable () -> Timestamp
    ) {
        self.keys = keys
        self.revocations = revocations
        self.audience = audience
        self.capacity = max(2, cacheCapacity)
        self.now = now
    }

    /// - Throws: ``APIError`` 401 when there is no token, or it is malformed, forged, expired, revoked, or meant for somebody else.
    public func identity(authorization header: String?) async throws(APIError) -> Identity {
        guard let header else { throw .unauthorized("A bearer token is required.") }
        let parts = header.split(separator: " ", omittingEmptySubsequences: true)
        guard parts.count == 2, parts[0].lowercased() == "bearer" else {
            throw .unauthorized("The Authorization header must be a bearer token.")
        }
        let token = String(parts[1])
        let entry: Entry
        if let remembered = self.remembered(token) {
            entry = remembered
        } else {
            entry = try await self.verified(token)
            self.remember(token, entry)
        }
        guard self.now() < entry.expiresAt.advanced(by: Self.leeway) else { throw .unauthorized("The token has expired.") }
        if let revocations, revocations.covers(subject: entry.identity.subject, tokenID: entry.tokenID, issuedAt: entry.issuedAt) {
            throw .unauthorized("The token was revoked.")
        }
        return entry.identity
    }

    private func verified(_ token: String) async throws(APIError) -> Entry {
        // Read first: keys that change meanwhile make this entry an old one.
        let generation = self.keys.generation
        guard let claims = try? await self.keys.claims(of: token) else { throw .unauthorized("The token is not valid.") }
        guard claims.audiences.contains(self.audience) else { throw .unauthorized("The token is meant for somebody else.") }
        if let begin = claims.notBefore, self.now().advanced(by: Self.leeway) < Self.moment(begin) {
            throw .unauthorized("The token is not valid yet.")
        }
        guard let role = Role(rawValue: claims.role), let identity = Identity(subject: claims.subject, role: role) else {
            throw .unauthorized("The token's claims are not valid.")
        }
        return Entry(
            identity: identity, expiresAt: Self.moment(claims.expiresAt), issuedAt: claims.issuedAt.map(Self.moment),
            tokenID: claims.tokenID, generation: generation)
    }

    private static func moment(_ seconds: Double) -> Timestamp { Timestamp(microseconds: Int64(max(-9e15, min(9e15, seconds * 1e6)))) }

    private func remembered(_ token: String) -> Entry? {
        let generation = self.keys.generation
        return self.cache.withLock { cache in
            if let entry = cache.young[token] { return entry.generation == generation ? entry : nil }
            guard let entry = cache.old.removeValue(forKey: token), entry.generation == generation else { return nil }
            self.insert(token, entry, into: &cache)
            return entry
        }
    }

    private func remember(_ token: String, _ entry: Entry) {
        // A token of unusual size is verified each time rather than kept.
        guard token.utf8.count <= 4096 else { return }
        self.cache.withLock { self.insert(token, entry, into: &$0) }
    }

    private func insert(_ token: String, _ entry: Entry, into cache: inout Cache) {
        if cache.young.count >= self.capacity / 2 {
            cache.old = cache.young
            cache.young = [:]
        }
        cache.young[token] = entry
    }
}
