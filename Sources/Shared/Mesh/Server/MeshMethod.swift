/// A method that a server answers: how it is called, and what to do.
public struct MeshMethod: Sendable {
    typealias Handle = @Sendable (_ request: RawMessage, CallContext, _ limit: Int) async throws -> RawMessage

    public let descriptor: MethodDescriptor
    /// Takes the request and answers the reply with room for its envelope.
    let handle: Handle

    public init<Request: MeshMessage, Response: MeshMessage>(
        _ descriptor: MethodDescriptor, _ body: @escaping @Sendable (Request, CallContext) async throws -> Response
    ) {
        self.descriptor = descriptor
        self.handle = { raw, context, limit in
            let response = try await body(try Self.decode(raw), context)
            return RawMessage(try MessageCoder.encode(response, envelope: Envelope(kind: .reply), limit: limit))
        }
    }

    /// Frees the message before the handler starts, which may take its time.
    private static func decode<Request: MeshMessage>(_ raw: RawMessage) throws(MeshError) -> Request {
        try MessageCoder.decode(raw.take())
    }
}
