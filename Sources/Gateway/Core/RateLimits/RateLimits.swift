internal import Domain

/// Who may ask how often.
public struct RateLimitPolicies: Hashable, Sendable {
    /// Of a person's own tokens.
    public var user = RateLimitPolicy(rate: 20, burst: 60)
    /// Of an address, for what comes without a valid token.
    public var address = RateLimitPolicy(rate: 20, burst: 60)
    /// Of the likes that a person gives, whoever brings them.
    public var likes = RateLimitPolicy(rate: 0, burst: 1)

    public init() {}
}

/// The limits as a request meets them.
struct RateLimits: Sendable {
    let limiter: RateLimiter
    let policies: RateLimitPolicies

    /// Services and administrators are not limited.
    func admit(_ identity: Identity, cost: Int = 1) async throws(APIError) -> RateLimitHeaders? {
        guard identity.role == .user else { return nil }
        return try await self.limiter.admit(.subject(identity.subject), self.policies.user, cost: cost)
    }

    /// Counts a like against its giver's day.
    func admitLike(of interaction: NewInteraction) async throws(APIError) {
        guard interaction.kind.isPositive else { return }
        _ = try await self.limiter.admit(.likes(interaction.userID), self.policies.likes)
    }

    /// - Parameter address: `nil` where there is none, as on a Unix socket: then there is no limit.
    func admit(address: String?) async throws(APIError) -> RateLimitHeaders? {
        guard let address else { return nil }
        return try await self.limiter.admit(.address(address), self.policies.address)
    }
}
