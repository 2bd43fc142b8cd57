import Crypto
import Domain
import Foundation
import GatewayCore
import Logging
import Synchronization
import Testing

private let quiet = Logger(label: "tests") { _ in SwiftLogNoOpLogHandler() }

@Suite struct SignatureTests {
    private static let now = Timestamp(seconds: 1_800_000_000)

    private static func verifier(_ keys: any KeySource) -> TokenVerifier { TokenVerifier(keys: keys, now: { Self.now }) }

    private static func published(_ forge: TokenForge) async throws -> PublishedKeySource {
        let set = Array(forge.keySet.utf8)
        let source = PublishedKeySource(interval: .seconds(60), logger: quiet) { set }
        try await source.refresh()
        return source
    }

    private func refuses(_ keys: any KeySource, _ token: String, _ what: Comment) async {
        await #expect(throws: APIError.self, what) { try await Self.verifier(keys).identity(authorization: "Bearer \(token)") }
    }

    @Test func eachAlgorithmIsTaken() async throws {
        let forge = TokenForge()
        let published = try await Self.published(forge)
        for token in [try forge.es256(), try forge.edDSA(), try forge.es256(kid: nil), try forge.edDSA(kid: nil)] {
            #expect(try await Self.verifier(published).identity(authorization: "Bearer \(token)").userID == UserID(7))
        }
        let secret = try SharedSecretKeySource(secret: TokenForge.secret)
        #expect(try await Self.verifier(secret).identity(authorization: "Bearer \(TokenForge.hs256())").subject == "7")
        let both = CombinedKeySource([secret, published])
        for token in [TokenForge.hs256(), try forge.es256()] {
            #expect(try await Self.verifier(both).identity(authorization: "Bearer \(token)").subject == "7")
        }
    }

    /// Made by another implementation over the claims and the secret of the forge.
    @Test func aTokenOfAnotherImplementationIsTaken() async throws {
        let token =
            "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiI3Iiwicm9sZSI6InVzZXIiLCJleHAiOjQwMDAwMDAwMDAsImF1ZCI6ImR1ZXQifQ.yXTIc1fhCptWjugchZr9abdwKHi070TRe2TjNRo69XY"
        let claims = try await SharedSecretKeySource(secret: TokenForge.secret).claims(of: token)
        #expect(claims.subject == "7" && claims.role == "user" && claims.audiences == ["duet"] && claims.expiresAt == 4_000_000_000)
    }

    @Test func theWrongAlgorithmIsRefused() async throws {
        let forge = TokenForge()
        let published = try await Self.published(forge)
        let secret = try SharedSecretKeySource(secret: TokenForge.secret)
        await self.refuses(secret, TokenForge.unsigned(), "none")
        await self.refuses(secret, TokenForge.hs256(algorithm: "none"), "none with a signature")
        await self.refuses(secret, TokenForge.hs256(algorithm: "HS512"), "another digest")
        await self.refuses(secret, TokenForge.hs256(algorithm: "hs256"), "another spelling")
        await self.refuses(secret, try forge.es256(), "not for this source")
        await self.refuses(published, TokenForge.hs256(), "a symmetric key is never published")
        await self.refuses(published, try forge.es256(algorithm: "EdDSA"), "one algorithm's signature under the other's name")
        await self.refuses(published, try forge.es256(kid: "ed"), "one key's signature under the other's name")
        // The old attack: the public key as the secret of an HMAC.
        let point = Array(forge.elliptic.publicKey.x963Representation)
        await self.refuses(published, TokenForge.hs256(secret: point), "the public key as a secret")
        await self.refuses(secret, TokenForge.hs256(extra: #","crit":["b64"],"b64":false"#), "an extension")
    }

    @Test func aTamperedTokenIsRefused() async throws {
        let forge = TokenForge()
        let published = try await Self.published(forge)
        let secret = try SharedSecretKeySource(secret: TokenForge.secret)
        for (keys, token) in [(secret as any KeySource, TokenForge.hs256()), (published, try forge.es256()), (published, try forge.edDSA())] {
            let parts = token.split(separator: ".")
            let admin = Data(TokenForge.claims.replacing("user", with: "admin").utf8).base64EncodedString().replacing("=", with: "")
            await self.refuses(keys, "\(parts[0]).\(admin).\(parts[2])", "other claims")
            await self.refuses(keys, "\(parts[0]).\(parts[1]).", "no signature")
            await self.refuses(keys, "\(parts[0]).\(parts[1])", "two parts")
            await self.refuses(keys, "\(parts[0]).\(parts[1]).\(parts[2].dropFirst(4))", "a shorter signature")
            await self.refuses(keys, String(token.dropLast(6)) + "AAAAAA", "another signature")
        }
        await self.refuses(published, try TokenForge().es256(), "a stranger's key")
        let other = try SharedSecretKeySource(secret: Array(TokenForge.secret.reversed()))
        await self.refuses(other, TokenForge.hs256(), "a stranger's secret")
        for token in ["a.b.c", "..", "", "{}.{}.{}"] { await self.refuses(secret, token, "no token") }
    }

    @Test(
        "Claims that don't fit are refused",
        arguments: [
            #"{"sub":"7","role":"user","exp":1799999960,"aud":"duet"}"#, #"{"sub":"7","role":"user","aud":"duet"}"#,
            #"{"sub":"7","role":"user","exp":4000000000,"aud":"other"}"#, #"{"sub":"7","role":"user","exp":4000000000}"#,
            #"{"sub":"7","role":"user","exp":4000000000,"aud":["a","b"]}"#, #"{"sub":"7","role":"root","exp":4000000000,"aud":"duet"}"#,
            #"{"role":"user","exp":4000000000,"aud":"duet"}"#, #"{"sub":"x","role":"user","exp":4000000000,"aud":"duet"}"#,
            #"{"sub":"7","role":"user","exp":4000000000,"nbf":1800000060,"aud":"duet"}"#,
            #"{"sub":"7","role":"user","exp":"4000000000","aud":"duet"}"#, "[]", "7",
        ])
    func claims(claims: String) async throws {
        await self.refuses(try SharedSecretKeySource(secret: TokenForge.secret), TokenForge.hs256(claims), "\(claims)")
    }

    @Test(
        "Within the leeway, and among several audiences, a token is taken",
        arguments: [
            #"{"sub":"7","role":"user","exp":1799999980,"aud":"duet"}"#, #"{"sub":"7","role":"user","exp":4000000000,"aud":["a","duet"]}"#,
            #"{"sub":"7","role":"user","exp":4000000000,"nbf":1800000020,"aud":"duet"}"#,
        ])
    func taken(claims: String) async throws {
        let verifier = Self.verifier(try SharedSecretKeySource(secret: TokenForge.secret))
        #expect(try await verifier.identity(authorization: "Bearer \(TokenForge.hs256(claims))").subject == "7")
    }

    @Test func aShortSecretIsRefused() {
        #expect(throws: KeyError.self) { try SharedSecretKeySource(secret: Array(repeating: 1, count: 31)) }
    }

    // MARK: Rotation

    @Test("While both keys are published both are taken; the one that left is not, however warm its tokens are")
    func rotation() async throws {
        let (first, second) = (TokenForge(), TokenForge())
        let renamed = second.keySet.replacing(#""kid":"ec""#, with: #""kid":"ec2""#).replacing(#""kid":"ed""#, with: #""kid":"ed2""#)
        let both = String(first.keySet.dropLast(2)) + "," + renamed.split(separator: "[", maxSplits: 1)[1]
        let set = Mutex(first.keySet)
        let source = PublishedKeySource(interval: .seconds(60), logger: quiet) { Array(set.withLock { $0 }.utf8) }
        let verifier = Self.verifier(source)
        let old = "Bearer \(try first.es256())"
        let new = "Bearer \(try second.es256(kid: "ec2"))"
        try await source.refresh()
        _ = try await verifier.identity(authorization: old)

        set.withLock { $0 = both }
        try await source.refresh()
        _ = try await verifier.identity(authorization: old)
        _ = try await verifier.identity(authorization: new)

        set.withLock { $0 = renamed }
        try await source.refresh()
        await #expect(throws: APIError.self) { try await verifier.identity(authorization: old) }
        _ = try await verifier.identity(authorization: new)
    }

    @Test("An unknown key is looked for at once, but not more often than every few seconds")
    func unknownKey() async throws {
        let (first, second) = (TokenForge(), TokenForge())
        let renamed = second.keySet.replacing(#""kid":"ec""#, with: #""kid":"ec2""#)
        let set = Mutex(first.keySet)
        let looks = Mutex(0)
        let start = ContinuousClock.now
        let elapsed = Mutex(Duration.zero)
        let source = PublishedKeySource(interval: .seconds(60), logger: quiet, now: { start + elapsed.withLock { $0 } }) {
            looks.withLock { $0 += 1 }
            return Array(set.withLock { $0 }.utf8)
        }
        try await source.refresh()
        let token = try second.es256(kid: "ec2")
        for _ in 0..<5 { await #expect(throws: KeyError.self) { try await source.claims(of: token) } }
        #expect(looks.withLock { $0 } == 2)
        set.withLock { $0 = renamed }
        await #expect(throws: KeyError.self) { try await source.claims(of: token) }
        elapsed.withLock { $0 = .seconds(6) }
        #expect(try await source.claims(of: token).subject == "7")
        #expect(looks.withLock { $0 } == 3)
    }

    @Test func aSetThatIsNoneLeavesTheKeysAsTheyWere() async throws {
        let forge = TokenForge()
        let set = Mutex(forge.keySet)
        let source = PublishedKeySource(interval: .seconds(60), logger: quiet) { Array(set.withLock { $0 }.utf8) }
        try await source.refresh()
        for broken in ["", "{}", #"{"keys":[]}"#, #"{"keys":[{"kty":"EC","crv":"P-256","x":"AQAB","y":"AQAB"}]}"#] {
            set.withLock { $0 = broken }
            await #expect(throws: KeyError.self) { try await source.refresh() }
        }
        #expect(try await source.claims(of: try forge.es256()).subject == "7")
    }

    // MARK: Revocation

    @Test func revokedTokensAreRefusedThoughTheyWereTakenBefore() async throws {
        let store = FakeRevocations()
        let list = RevocationList(store: store, logger: quiet)
        let verifier = TokenVerifier(keys: try SharedSecretKeySource(secret: TokenForge.secret), revocations: list, now: { Self.now })
        func token(_ id: String, _ subject: String, _ issued: Int) -> String {
            "Bearer " + TokenForge.hs256(#"{"sub":"\#(subject)","role":"user","exp":4000000000,"aud":"duet","jti":"\#(id)","iat":\#(issued)}"#)
        }
        let (stolen, fresh, later) = (token("a", "7", 100), token("b", "7", 100), token("c", "7", 300))
        for token in [stolen, fresh, later] { _ = try await verifier.identity(authorization: token) }

        try await store.revoke(Revocation(.token("a"), expiresAt: Timestamp(seconds: 4_000_000_000)))
        await list.refresh()
        await #expect(throws: APIError.self) { try await verifier.identity(authorization: stolen) }
        _ = try await verifier.identity(authorization: fresh)

        try await store.revoke(Revocation(.subject("7", until: Timestamp(seconds: 200)), expiresAt: Timestamp(seconds: 4_000_000_000)))
        await list.refresh()
        await #expect(throws: APIError.self) { try await verifier.identity(authorization: fresh) }
        _ = try await verifier.identity(authorization: later)

        // A store that is away takes nothing back.
        store.setAway(true)
        await list.refresh()
        await #expect(throws: APIError.self) { try await verifier.identity(authorization: stolen) }
    }
}
