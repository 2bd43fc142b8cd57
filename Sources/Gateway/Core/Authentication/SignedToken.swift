/// A JSON Web Token in the compact form (RFC 7515 §3.1), taken apart. Nothing of it may be believed before its signature is checked.
struct SignedToken {
    let algorithm: String
    let keyID: String?
    /// What is signed: the first two parts as they came.
    let signed: [UInt8]
    let signature: [UInt8]
    let payload: [UInt8]

    /// - Returns: `nil` for what is no such token, or asks for extensions, of which we understand none.
    init?(_ text: String) {
        let parts = text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count == 3, let header = Base64URL.decode(String(parts[0]) ?? ""), let payload = Base64URL.decode(String(parts[1]) ?? ""),
            let signature = Base64URL.decode(String(parts[2]) ?? ""), !signature.isEmpty
        else { return nil }
        guard let fields = try? JSONParser.parse(header, maximumDepth: 4), let algorithm = fields["alg"]?.string, fields["crit"] == nil else {
            return nil
        }
        self.algorithm = algorithm
        self.keyID = fields["kid"]?.string
        self.signed = Array(parts[0]) + [UInt8(ascii: ".")] + Array(parts[1])
        self.signature = signature
        self.payload = payload
    }

    /// The claims that we read; everything else is ignored.
    var claims: TokenClaims? {
        guard let fields = try? JSONParser.parse(self.payload, maximumDepth: 8), let subject = fields["sub"]?.string,
            let role = fields["role"]?.string, let expiry = fields["exp"]?.double
        else { return nil }
        // One audience or several (RFC 7519 §4.1.3).
        let audiences = fields["aud"]?.string.map { [$0] } ?? fields["aud"]?.array?.compactMap(\.string) ?? []
        return TokenClaims(
            subject: subject, role: role, expiresAt: expiry, audiences: audiences, notBefore: fields["nbf"]?.double,
            issuedAt: fields["iat"]?.double, tokenID: fields["jti"]?.string)
    }
}
