import Domain
import Foundation
import Glibc
import JWTKit
import Supervision

/// Signs tokens with the installation's own key (HS256).
struct TokenMint {
    enum Role: String, CaseIterable { case user, service, admin }

    private struct Claims: JWTPayload {
        let sub: SubjectClaim
        let role: String
        let exp: ExpirationClaim
        let iat: IssuedAtClaim
        let aud: AudienceClaim
        let jti: IDClaim

        func verify(using algorithm: some JWTAlgorithm) {}
    }

    private let secret: String

    /// Reads the key; the first use makes it.
    ///
    /// - Throws: ``Failure`` if the key can be read by others, or is no key.
    init(folder: DataFolder) throws {
        try folder.create()
        let path = folder.jwtKey
        if !FileSystem.exists(path) { try FileSystem.createOnce(path, with: Self.newSecret()) }
        let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int ?? 0
        guard mode & 0o077 == 0 else { throw Failure("\(path) can be read by other users: run chmod 600 on it.") }
        guard let secret = FileSystem.text(path), secret.utf8.count >= 32 else {
            throw Failure("\(path) holds no key of at least 32 bytes: remove it, and the next token makes a new one.")
        }
        self.secret = secret
    }

    func token(role: Role, subject: String, lifetime: Duration, now: Date = Date()) async throws -> String {
        let keys = JWTKeyCollection()
        await keys.add(hmac: HMACKey(from: Array(self.secret.utf8)), digestAlgorithm: .sha256)
        // Whole seconds, as most readers of tokens expect.
        let issued = Date(timeIntervalSince1970: now.timeIntervalSince1970.rounded(.down))
        let claims = Claims(
            sub: SubjectClaim(value: subject), role: role.rawValue,
            exp: ExpirationClaim(value: issued.addingTimeInterval((lifetime / .seconds(1)).rounded())), iat: IssuedAtClaim(value: issued),
            aud: AudienceClaim(value: ["duet"]), jti: IDClaim(value: UUID().uuidString.lowercased()))
        return try await keys.sign(claims)
    }

    /// 256 random bits in hexadecimal: text, so that no reader can lose a byte of it.
    private static func newSecret() -> String {
        var generator = SystemRandomNumberGenerator()
        return (0..<4).map { _ in
            let digits = String(UInt64.random(in: 0 ... .max, using: &generator), radix: 16)
            return String(repeating: "0", count: 16 - digits.count) + digits
        }.joined()
    }
}
