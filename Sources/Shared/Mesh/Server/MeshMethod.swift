/// A method that a server answers: how it is called, and what to do.
public struct MeshMethod: Sendable {
    typealias Handle = @Sendable (_ request: RawMessage, CallContext, _ limit: Int) async throws -> RawMessage

    public let descriptor: MethodDescriptor
    let messages: Messages
    /// Takes the request and answers the reply with room for its envelope.
    let handle: Handle

    public init<Request: MeshMessage, Response: MeshMessage>(
        _ descriptor: MethodDescriptor, _ body: @escaping @Sendable (Request, CallContext) async throws -> Response
    ) {
        let messages = Messages(
            request: Request.fullName, response: Response.fullName,
            descriptors: { [Request.descriptor, Response.descriptor].compactMap(\.self) })
        self.init(descriptor, messages, body)
    }

    private init<Request: MeshMessage, Response: MeshMessage>(
        _ descriptor: MethodDescriptor, _ messages: Messages,
        _ body: @escaping @Sendable (Request, CallContext) async throws -> Response
    ) {
        self.descriptor = descriptor
        self.messages = messages
        self.handle = { raw, context, limit in
            let response = try await body(try Self.decode(raw), context)
            return RawMessage(try MessageCoder.encode(response, envelope: Envelope(kind: .reply), limit: limit))
        }
    }

    /// A built-in method, whose messages are generated above this target.
    init(
        _ descriptor: MethodDescriptor, _ messages: Messages,
        _ body: @escaping @Sendable (PackedMessage) throws(MeshError) -> PackedMessage
    ) {
        self.init(descriptor, messages) { (message: PackedMessage, _) in try body(message) }
    }

    /// What goes in and out.
    struct Messages: Sendable {
        /// Full names.
        let request: String
        let response: String
        var descriptors: @Sendable () -> [MessageDescriptor] = { [] }
    }

    /// Frees the message before the handler starts, which may take its time.
    private static func decode<Request: MeshMessage>(_ raw: RawMessage) throws(MeshError) -> Request {
        try MessageCoder.decode(raw.take())
    }
}
