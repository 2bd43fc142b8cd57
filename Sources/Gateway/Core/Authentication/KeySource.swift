internal import JWTKit

/// Where the keys come from that tokens are verified with.
public protocol KeySource: Sendable {
    /// Checks the signature and reads the claims; says nothing about their values.
    /// - Throws: When the token is malformed, or signed by nobody whom we know.
    func claims(of token: String) async throws -> TokenClaims
}

/// The claims that we read. Everything else in a token is ignored.
public struct TokenClaims: Sendable {
    public var subject: String
    public var role: String
    /// Seconds since 1970.
    public var expiresAt: Double
    public var audiences: [String]

    public init(subject: String, role: String, expiresAt: Double, audiences: [String]) {
        self.subject = subject
        self.role = role
        self.expiresAt = expiresAt
        self.audiences = audiences
    }
}

/// One shared secret (HS256), for a single machine.
public struct SharedSecretKeySource: KeySource {
    private let keys: JWTKeyCollection

    /// - Parameter secret: At least 32 bytes (RFC 7518 §3.2).
    /// - Throws: ``KeyError`` when the secret is shorter.
    public init(secret: [UInt8]) async throws(KeyError) {
        guard secret.count >= 32 else { throw .tooShort }
        let keys = JWTKeyCollection()
        await keys.add(hmac: HMACKey(from: secret), digestAlgorithm: .sha256)
        self.keys = keys
    }

    public func claims(of token: String) async throws -> TokenClaims {
        let payload = try await self.keys.verify(token, as: Payload.self)
        return TokenClaims(subject: payload.sub, role: payload.role, expiresAt: payload.exp, audiences: payload.aud.values)
    }
}

/// Why a key can't be used.
public enum KeyError: Error, CustomStringConvertible {
    case tooShort

    public var description: String { "The key is shorter than 32 bytes." }
}

/// The claims as they stand in a token.
private struct Payload: JWTPayload {
    var sub: String
    var role: String
    var exp: Double
    var aud: Audience

    /// One audience or several (RFC 7519 §4.1.3).
    struct Audience: Codable {
        var values: [String]

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            self.values = try (try? container.decode([String].self)) ?? [container.decode(String.self)]
        }

        func encode(to encoder: any Encoder) throws {
            var container = encoder.singleValueContainer()
            try container.encode(self.values)
        }
    }

    // Values are the verifier's business: it has the clock.
    func verify(using algorithm: some JWTAlgorithm) {}
}
