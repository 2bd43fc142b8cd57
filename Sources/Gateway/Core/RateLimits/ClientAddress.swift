internal import HTTPTypes

/// Whose address a request counts for.
public struct ClientAddress: Sendable {
    /// Addresses of proxies that say truthfully for whom they ask.
    private let trustedProxies: Set<String>

    public init(trustedProxies: Set<String>) { self.trustedProxies = trustedProxies }

    /// The peer; behind trusted proxies the nearest address in `X-Forwarded-For` that is not one of them. What lies further back in that
    /// header is whatever the client wrote.
    func resolve(peer: String?, forwarded: [String]) -> String? {
        guard let peer, self.trustedProxies.contains(peer) else { return peer }
        let hops = forwarded.flatMap { $0.split(separator: ",").map(\.trimmingBlanks) }
        return hops.last { !self.trustedProxies.contains($0) && !$0.isEmpty && $0.utf8.count <= 45 } ?? peer
    }
}
