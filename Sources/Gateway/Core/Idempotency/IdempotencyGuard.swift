internal import Domain
internal import HTTPTypes
internal import Hummingbird
internal import Logging
internal import Synchronization

/// The `Idempotency-Key` of a request, bound to who sent it and what they asked for.
struct IdempotencyKey: Hashable {
    let storageKey: String
    let fingerprint: UInt64

    /// - Parameters:
    ///   - operation: Of the route.
    ///   - content: What is asked for, beside the operation: target and body.
    /// - Throws: ``APIError`` 422 unless the key is 1 to 255 visible ASCII characters.
    init(_ text: String, subject: Identity, operation: String, content: [UInt8]) throws(APIError) {
        guard (1...255).contains(text.utf8.count), text.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw .invalid([
                .init([.name("header"), .name("Idempotency-Key")], "must be 1 to 255 visible ASCII characters", type: "string_pattern")
            ])
        }
        self.storageKey = "\(subject.role?.rawValue ?? ""):\(subject.subject):\(text)"
        self.fingerprint = StableHash.hash(operation.utf8 + [0] + content)
    }
}

/// Does once what is asked for several times with one key.
struct IdempotencyGuard: Sendable {
    let memory: any IdempotencyMemory
    let logger: Logger

    /// - Parameters:
    ///   - key: `nil`: the client sent none.
    ///   - replay: What a repetition must make sure of before the remembered answer goes out.
    ///   - perform: Does the work. What it throws is not remembered: the client may try again.
    func once(
        _ key: IdempotencyKey?, replay: () async throws -> Void, perform: () async throws -> Response
    ) async throws -> Response {
        guard let key, let record = await self.record(of: key) else { return try await perform() }
        switch record {
        case .answered(let answer) where answer.fingerprint == key.fingerprint:
            try await replay()
            return Self.response(answer)
        case .answered:
            throw APIError(.conflict, "This Idempotency-Key was used for another request.")
        case .inProgress:
            throw APIError(.conflict, "The first request with this Idempotency-Key is still being answered.", headers: [.retryAfter: "1"])
        case .claimed:
            let response: Response
            do {
                response = try await perform()
            } catch {
                try? await self.memory.release(key.storageKey)
                throw error
            }
            return await self.remembering(response, key)
        }
    }

    private func remembering(_ response: Response, _ key: IdempotencyKey) async -> Response {
        do {
            let answer = RememberedAnswer(
                fingerprint: key.fingerprint, status: response.status.code, location: response.headers[.location],
                body: try await response.collectedBody())
            try await self.memory.settle(key.storageKey, answer)
        } catch {
            self.logger.warning("An idempotent answer could not be remembered", metadata: ["error": "\(type(of: error))"])
        }
        return response
    }

    private static func response(_ answer: RememberedAnswer) -> Response {
        var headers: HTTPFields = [.idempotentReplayed: "true"]
        if let location = answer.location { headers[.location] = location }
        return Response(json: answer.body, status: .init(code: answer.status), headers: headers)
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

extension Response {
    /// The whole body. Only for answers made of buffers, which can be written more than once.
    func collectedBody() async throws -> [UInt8] {
        let collector = BodyCollector()
        try await self.body.write(collector)
        return collector.bytes.withLock { $0 }
    }
}

private final class BodyCollector: ResponseBodyWriter, Sendable {
    let bytes = Mutex<[UInt8]>([])

    func write(_ buffer: ByteBuffer) async throws { self.bytes.withLock { $0 += buffer.readableBytesView } }
    func finish(_ trailingHeaders: HTTPFields?) async throws {}
}
