import GatewayCore
import Logging
import ServiceRuntime

/// The keys that tokens are verified with, as the settings name them.
enum TokenKeys {
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    /// - Throws: A sentence that ends the start: no key at all, or one that is none.
    static func source(_ settings: Settings, logger: Logger) async throws -> any KeySource {
        var sources: [any KeySource] = []
        if let path = settings.jwtKeyFile { sources.append(try SharedSecretKeySource(secret: SecretFile.read(path))) }
        if let path = settings.jwtKeySetFile {
            let published = PublishedKeySource(interval: .seconds(5), logger: logger) { try SecretFile.read(path) }
            do {
                try await published.refresh()
            } catch {
                throw Failure(description: "JWT_JWKS_FILE \(path): \(error)")
            }
            sources.append(published)
        }
        if sources.isEmpty {
            throw Failure(description: "There is no key to verify tokens with: set JWT_HS256_KEY_FILE or JWT_JWKS_FILE.")
        }
        return sources.count == 1 ? sources[0] : CombinedKeySource(sources)
    }
}
