internal import Domain
internal import HTTPTypes
internal import Hummingbird
internal import Logging

/// The `Idempotency-Key` of a request, bound to who sent it.
struct IdempotencyKey: Hashable {
    let storageKey: String
    /// Of what is asked for: the same key for something else is a mistake.
    let fingerprint: UInt64

    /// - Throws: ``APIError`` 422 unless the key is 1 to 255 visible ASCII characters.
    init(_ text: String, subject: Identity, _ interaction: NewInteraction) throws(APIError) {
        guard (1...255).contains(text.utf8.count), text.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw .invalid([
                .init([.name("header"), .name("Idempotency-Key")], "must be 1 to 255 visible ASCII characters", type: "string_pattern")
            ])
        }
        self.storageKey = "\(subject.role?.rawValue ?? ""):\(subject.subject):\(text)"
        let content = "\(interaction.userID)|\(interaction.targetUserID)|\(interaction.kind.rawValue)|\(interaction.context)"
        self.fingerprint = StableHash.hash(content.utf8)
    }
}

/// Does once what is asked for several times with one key.
struct IdempotencyGuard: Sendable {
    let memory: any IdempotencyMemory
    let logger: Logger

    /// - Parameters:
    ///   - key: `nil`: the client sent none.
    ///   - replay: What a repetition must make sure of before the remembered answer goes out.
    ///   - perform: Does the work; returns the body of a 201.
    func once(
        _ key: IdempotencyKey?, replay: () async throws -> Void, perform: () async throws -> [UInt8]
    ) async throws -> Response {
        guard let key, let record = await self.record(of: key) else { return Response(json: try await perform(), status: .created) }
        switch record {
        case .answered(key.fingerprint, let body):
            try await replay()
            return Response(json: body, status: .created, headers: [.idempotentReplayed: "true"])
        case .answered:
            throw APIError(.conflict, "This Idempotency-Key was used for another request.")
        case .inProgress:
            throw APIError(.conflict, "The first request with this Idempotency-Key is still being answered.", headers: [.retryAfter: "1"])
        case .claimed:
            let body: [UInt8]
            do {
                body = try await perform()
            } catch {
                try? await self.memory.release(key.storageKey)
                throw error
            }
            do {
                try await self.memory.settle(key.storageKey, fingerprint: key.fingerprint, body: body)
            } catch {
                self.logger.warning("An idempotent answer could not be remembered", metadata: ["error": "\(error.code)"])
            }
            return Response(json: body, status: .created)
        }
    }

    /// `nil` while the memory is away: the request is then processed without it.
    private func record(of key: IdempotencyKey) async -> IdempotencyRecord? {
        do {
            return try await self.memory.claim(key.storageKey)
        } catch {
            self.logger.warning("Idempotency keys can't be looked up", metadata: ["error": "\(error.code)"])
            return nil
        }
    }
}
