internal import Crypto

/// Where the keys come from that tokens are verified with.
public protocol KeySource: Sendable {
    /// Checks the signature and reads the claims; says nothing about their values.
    /// - Throws: When the token is malformed, or signed by nobody whom we know.
    func claims(of token: String) async throws -> TokenClaims
    /// Changes with the keys: what was verified under another one must be verified again.
    var generation: UInt64 { get }
    /// Follows changes of the keys until cancelled.
    func run() async
}

extension KeySource {
    public var generation: UInt64 { 0 }
    public func run() async {}
}

/// The claims that we read. Times are seconds since 1970.
public struct TokenClaims: Sendable {
    public var subject: String
    public var role: String
    public var expiresAt: Double
    public var audiences: [String]
    public var notBefore: Double?
    public var issuedAt: Double?
    /// `jti`.
    public var tokenID: String?

    public init(
        subject: String, role: String, expiresAt: Double, audiences: [String], notBefore: Double? = nil, issuedAt: Double? = nil,
        tokenID: String? = nil
    ) {
        self.subject = subject
        self.role = role
        self.expiresAt = expiresAt
        self.audiences = audiences
        self.notBefore = notBefore
        self.issuedAt = issuedAt
        self.tokenID = tokenID
    }
}

/// Why a key can't be used, or a token not be verified.
public enum KeyError: Error, CustomStringConvertible {
    case tooShort
    case malformedKeys
    case malformedToken
    case unknownKey

    public var description: String {
        switch self {
        case .tooShort: "The key is shorter than 32 bytes."
        case .malformedKeys: "The key set is no JSON Web Key Set with a key for ES256 or EdDSA."
        case .malformedToken: "The token is malformed."
        case .unknownKey: "The token is signed with no key that is known."
        }
    }
}

/// One shared secret (HS256), for a single machine.
public struct SharedSecretKeySource: KeySource {
    private let key: VerificationKey

    /// - Parameter secret: At least 32 bytes (RFC 7518 §3.2).
    /// - Throws: ``KeyError`` when the secret is shorter.
    public init(secret: [UInt8]) throws(KeyError) {
        guard secret.count >= 32 else { throw .tooShort }
        self.key = .hs256(SymmetricKey(data: secret))
    }

    public func claims(of token: String) async throws -> TokenClaims {
        guard let token = SignedToken(token) else { throw KeyError.malformedToken }
        guard self.key.verifies(token) else { throw KeyError.unknownKey }
        guard let claims = token.claims else { throw KeyError.malformedToken }
        return claims
    }
}

/// Several sources, asked in order.
public struct CombinedKeySource: KeySource {
    private let sources: [any KeySource]

    public init(_ sources: [any KeySource]) { self.sources = sources }

    public func claims(of token: String) async throws -> TokenClaims {
        for source in self.sources {
            if let claims = try? await source.claims(of: token) { return claims }
        }
        throw KeyError.unknownKey
    }

    public var generation: UInt64 { self.sources.reduce(0) { $0 &+ $1.generation } }

    public func run() async {
        await withDiscardingTaskGroup { group in
            for source in self.sources { group.addTask { await source.run() } }
        }
    }
}
