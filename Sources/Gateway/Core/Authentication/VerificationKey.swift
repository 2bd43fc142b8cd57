internal import Crypto

/// A key that checks signatures of one algorithm. A token that names another algorithm is never checked with it.
enum VerificationKey: Sendable {
    case hs256(SymmetricKey)
    case es256(P256.Signing.PublicKey)
    case edDSA(Curve25519.Signing.PublicKey)

    /// As it stands in a token's header (RFC 7518 §3.1, RFC 8037 §3.1).
    var algorithm: String {
        switch self {
        case .hs256: "HS256"
        case .es256: "ES256"
        case .edDSA: "EdDSA"
        }
    }

    func verifies(_ token: SignedToken) -> Bool {
        guard token.algorithm == self.algorithm else { return false }
        switch self {
        case .hs256(let key):
            return HMAC<SHA256>.isValidAuthenticationCode(token.signature, authenticating: token.signed, using: key)
        case .es256(let key):
            guard let signature = try? P256.Signing.ECDSASignature(rawRepresentation: token.signature) else { return false }
            return key.isValidSignature(signature, for: token.signed)
        case .edDSA(let key):
            return key.isValidSignature(token.signature, for: token.signed)
        }
    }

    /// A key of a JWK (RFC 7517): elliptic curves only, P-256 and Ed25519.
    /// - Returns: `nil` for a key of another kind or for another use; symmetric keys don't belong in a published set.
    init?(jwk: JSONValue) {
        if let use = jwk["use"]?.string, use != "sig" { return nil }
        guard let x = jwk["x"]?.string.flatMap(Base64URL.decode) else { return nil }
        switch (jwk["kty"]?.string, jwk["crv"]?.string) {
        case ("EC", "P-256"):
            guard let y = jwk["y"]?.string.flatMap(Base64URL.decode), x.count == 32, y.count == 32,
                let key = try? P256.Signing.PublicKey(x963Representation: [0x04] + x + y)
            else { return nil }
            self = .es256(key)
        case ("OKP", "Ed25519"):
            guard let key = try? Curve25519.Signing.PublicKey(rawRepresentation: x) else { return nil }
            self = .edDSA(key)
        default: return nil
        }
        if let algorithm = jwk["alg"]?.string, algorithm != self.algorithm { return nil }
    }
}
