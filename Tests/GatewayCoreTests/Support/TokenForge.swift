import Crypto
import Foundation
import GatewayCore

/// Signs tokens with keys of its own, rightly and wrongly.
struct TokenForge {
    let elliptic = P256.Signing.PrivateKey()
    let edwards = Curve25519.Signing.PrivateKey()
    static let secret = Array("0123456789abcdef0123456789abcdef".utf8)

    static let claims = #"{"sub":"7","role":"user","exp":4000000000,"aud":"duet"}"#

    /// The set as a publisher would show it.
    var keySet: String {
        let point = self.elliptic.publicKey.x963Representation.dropFirst()
        return """
            {"keys":[
                {"kty":"EC","crv":"P-256","use":"sig","alg":"ES256","kid":"ec",
                 "x":"\(Self.encode(point.prefix(32)))","y":"\(Self.encode(point.suffix(32)))"},
                {"kty":"OKP","crv":"Ed25519","kid":"ed","x":"\(Self.encode(self.edwards.publicKey.rawRepresentation))"},
                {"kty":"RSA","kid":"rsa","n":"AQAB","e":"AQAB"},
                {"kty":"oct","kid":"oct","k":"c2VjcmV0"}
            ]}
            """
    }

    func es256(_ claims: String = Self.claims, kid: String? = "ec", algorithm: String = "ES256") throws -> String {
        try Self.token(algorithm, kid, claims) { try self.elliptic.signature(for: $0).rawRepresentation }
    }

    func edDSA(_ claims: String = Self.claims, kid: String? = "ed") throws -> String {
        try Self.token("EdDSA", kid, claims) { try self.edwards.signature(for: $0) }
    }

    static func hs256(_ claims: String = Self.claims, algorithm: String = "HS256", secret: [UInt8] = Self.secret, extra: String = "") -> String {
        Self.token(algorithm, nil, claims, extra: extra) {
            Data(HMAC<SHA256>.authenticationCode(for: $0, using: SymmetricKey(data: secret)))
        }
    }

    static func unsigned() -> String { Self.token("none", nil, Self.claims) { _ in Data() } }

    private static func token(
        _ algorithm: String, _ kid: String?, _ claims: String, extra: String = "", sign: (Data) throws -> Data
    ) rethrows -> String {
        let header = #"{"alg":"\#(algorithm)","typ":"JWT"\#(kid.map { #","kid":"\#($0)""# } ?? "")\#(extra)}"#
        let signed = "\(Self.encode(Data(header.utf8))).\(Self.encode(Data(claims.utf8)))"
        return "\(signed).\(Self.encode(try sign(Data(signed.utf8))))"
    }

    private static func encode(_ data: Data) -> String {
        data.base64EncodedString().replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
    }
}
