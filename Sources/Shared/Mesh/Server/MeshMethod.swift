/// A method that a server answers: how it is called, and what to do.
public struct MeshMethod: Sendable {
    typealias Handle = @Sendable (_ request: RawMessage, CallContext, _ limit: Int) async throws -> RawMessage
    typealias HandleAtOnce = @Sendable (_ request: RawMessage, CallContext, _ limit: Int) throws -> RawMessage

    /// One object, so that a call costs one reference and not one for each field.
    private final class Storage: Sendable {
        let descriptor: MethodDescriptor
        let messages: Messages
        let handle: Handle
        let handleAtOnce: HandleAtOnce?

        init(_ descriptor: MethodDescriptor, _ messages: Messages, handle: @escaping Handle, handleAtOnce: HandleAtOnce? = nil) {
            self.descriptor = descriptor
            self.messages = messages
            self.handle = handle
            self.handleAtOnce = handleAtOnce
        }
    }

    /// What goes in and out.
    struct Messages: Sendable {
        /// Full names.
        let request: String
        let response: String
        var descriptors: @Sendable () -> [MessageDescriptor] = { [] }

        init(request: String, response: String) {
            self.request = request
            self.response = response
        }

        init<Request: MeshMessage, Response: MeshMessage>(_: Request.Type, _: Response.Type) {
            self.init(request: Request.fullName, response: Response.fullName)
            self.descriptors = { [Request.descriptor, Response.descriptor].compactMap(\.self) }
        }
    }

    private let storage: Storage

    public var descriptor: MethodDescriptor { self.storage.descriptor }

    var messages: Messages { self.storage.messages }

    /// Takes the request and answers the reply with room for its envelope.
    var handle: Handle { self.storage.handle }

    /// The same without a task; `nil` where the handler may suspend.
    var handleAtOnce: HandleAtOnce? { self.storage.handleAtOnce }

    public init<Request: MeshMessage, Response: MeshMessage>(
        _ descriptor: MethodDescriptor, _ body: @escaping @Sendable (Request, CallContext) async throws -> Response
    ) {
        self.storage = Storage(descriptor, Messages(Request.self, Response.self)) { raw, context, limit in
            let response = try await body(try Self.decode(raw), context)
            return RawMessage(try MessageCoder.encode(response, envelope: Envelope(kind: .reply), limit: limit))
        }
    }

    /// A method that answers from memory: it runs where the call comes in, without a task.
    ///
    /// - Parameter body: Neither blocks nor computes for long, as it has one of nng's four threads; a heavy method has a thread of
    ///   the server's own like any other.
    public init<Request: MeshMessage, Response: MeshMessage>(
        _ descriptor: MethodDescriptor, atOnce body: @escaping @Sendable (Request, CallContext) throws -> Response
    ) {
        self.init(descriptor, Messages(Request.self, Response.self), atOnce: body)
    }

    /// A built-in method, whose messages are generated above this target.
    init(
        _ descriptor: MethodDescriptor, _ messages: Messages,
        _ body: @escaping @Sendable (PackedMessage) throws(MeshError) -> PackedMessage
    ) {
        self.init(descriptor, messages, atOnce: { (message: PackedMessage, _) in try body(message) })
    }

    private init<Request: MeshMessage, Response: MeshMessage>(
        _ descriptor: MethodDescriptor, _ messages: Messages,
        atOnce body: @escaping @Sendable (Request, CallContext) throws -> Response
    ) {
        let handle: HandleAtOnce = { raw, context, limit in
            let response = try body(try Self.decode(raw), context)
            return RawMessage(try MessageCoder.encode(response, envelope: Envelope(kind: .reply), limit: limit))
        }
        self.storage = Storage(
            descriptor, messages, handle: { raw, context, limit in try handle(raw, context, limit) },
            handleAtOnce: descriptor.isHeavy ? nil : handle)
    }

    /// Frees the message before the handler starts, which may take its time.
    private static func decode<Request: MeshMessage>(_ raw: RawMessage) throws(MeshError) -> Request {
        try MessageCoder.decode(raw.take())
    }
}
