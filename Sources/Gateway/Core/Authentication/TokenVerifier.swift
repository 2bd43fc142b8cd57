internal import Synchronization
public import Domain

/// Turns an `Authorization` header into an identity, or says why not.
public final class TokenVerifier: Sendable {
    private struct Entry {
        var identity: Identity
        var expiresAt: Timestamp
    }

    /// Verified tokens of two generations: when the young one is full, the old one is dropped and the young one ages.
    private struct Cache {
        var young: [String: Entry] = [:]
        var old: [String: Entry] = [:]
    }

    private let keys: any KeySource
    private let audience: String
    private let capacity: Int
    private let now: @Sendable () -> Timestamp
    private let cache = Mutex(Cache())

    /// - Parameters:
    ///   - audience: One of the token's audiences must be this.
    ///   - cacheCapacity: How many verified tokens are remembered at most, until they expire.
    public init(
        keys: any KeySource, audience: String = "duet", cacheCapacity: Int = 20_000, now: @escaping @Sendable () -> Timestamp
    ) {
        self.keys = keys
        self.audience = audience
        self.capacity = max(2, cacheCapacity)
        self.now = now
    }

    /// - Throws: ``APIError`` 401 when there is no token, or it is malformed, forged, expired, or meant for somebody else.
    public func identity(authorization header: String?) async throws(APIError) -> Identity {
        guard let header else { throw .unauthorized("A bearer token is required.") }
        let parts = header.split(separator: " ", omittingEmptySubsequences: true)
        guard parts.count == 2, parts[0].lowercased() == "bearer" else {
            throw .unauthorized("The Authorization header must be a bearer token.")
        }
        let token = String(parts[1])
        let now = self.now()
        if let entry = self.remembered(token) {
            guard now < entry.expiresAt else { throw .unauthorized("The token has expired.") }
            return entry.identity
        }
        guard let claims = try? await self.keys.claims(of: token) else { throw .unauthorized("The token is not valid.") }
        guard claims.audiences.contains(self.audience) else { throw .unauthorized("The token is meant for somebody else.") }
        let expiry = Timestamp(microseconds: Int64(max(-9e15, min(9e15, claims.expiresAt * 1e6))))
        guard now < expiry else { throw .unauthorized("The token has expired.") }
        guard let role = Role(rawValue: claims.role), let identity = Identity(subject: claims.subject, role: role) else {
            throw .unauthorized("The token's claims are not valid.")
        }
        self.remember(token, Entry(identity: identity, expiresAt: expiry))
        return identity
    }

    private func remembered(_ token: String) -> Entry? {
        self.cache.withLock { cache in
            if let entry = cache.young[token] { return entry }
            guard let entry = cache.old.removeValue(forKey: token) else { return nil }
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
