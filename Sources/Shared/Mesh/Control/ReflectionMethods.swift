/// `duet.reflection.v1.ReflectionService`: which methods a server has, and what their messages are.
struct ReflectionMethods: Sendable {
    static let name = "duet.reflection.v1.ReflectionService"
    static let listServices = MethodDescriptor(
        service: name, name: "ListServices", isIdempotent: true, timeout: .milliseconds(500),
        documentation: "The services of this server with their methods.")
    static let describe = MethodDescriptor(
        service: name, name: "Describe", isIdempotent: true, timeout: .milliseconds(500),
        documentation: "One method with all messages and enumerations that its request and response are made of.")

    /// What is told of: the methods of the server, built-in ones included.
    private let methods: [(descriptor: MethodDescriptor, messages: MeshMethod.Messages)]

    private init(_ methods: [MeshMethod]) {
        self.methods =
            methods.map { ($0.descriptor, $0.messages) } + [Self.listServices, Self.describe].map { ($0, Self.messages(of: $0)) }
    }

    /// The methods and those that tell of them.
    static func added(to methods: [MeshMethod]) -> [MeshMethod] {
        let reflection = Self(methods)
        return methods + [
            MeshMethod(Self.listServices, self.messages(of: Self.listServices)) { _ in reflection.services() },
            MeshMethod(Self.describe, self.messages(of: Self.describe)) { (request) throws(MeshError) in
                try reflection.description(request)
            },
        ]
    }

    private static func messages(of method: MethodDescriptor) -> MeshMethod.Messages {
        .init(request: "duet.reflection.v1.\(method.name)Request", response: "duet.reflection.v1.\(method.name)Response")
    }

    /// `ListServicesResponse`.
    private func services() -> PackedMessage {
        var names: [String] = []
        for method in self.methods where !names.contains(method.descriptor.service) { names.append(method.descriptor.service) }
        var writer = WireWriter()
        for name in names {
            writer.message(field: 1) { inner in
                inner.text(name, field: 1)
                for method in self.methods where method.descriptor.service == name {
                    inner.message(field: 2) { Self.write(method, to: &$0) }
                }
            }
        }
        return PackedMessage(bytes: writer.bytes)
    }

    /// `DescribeResponse`, for a `DescribeRequest`.
    ///
    /// - Throws: ``MeshError`` with `notFound` for a method that isn't here.
    private func description(_ request: PackedMessage) throws(MeshError) -> PackedMessage {
        var reader = WireReader(request.bytes[...])
        var wanted = ""
        while let (field, value) = try reader.next() {
            if field == 1, case .bytes(let bytes) = value { wanted = String(decoding: bytes, as: UTF8.self) }
        }
        guard let method = self.methods.first(where: { $0.descriptor.fullName == wanted }) else {
            throw MeshError(.notFound, "no method \(wanted) is here")
        }
        var messages: [MessageDescriptor] = []
        var enumerations: [EnumerationDescriptor] = []
        var rest = method.messages.descriptors()
        while let message = rest.popLast() {
            guard !messages.contains(where: { $0.fullName == message.fullName }) else { continue }
            messages.append(message)
            rest += message.messages()
            for enumeration in message.enumerations() where !enumerations.contains(enumeration) { enumerations.append(enumeration) }
        }
        var writer = WireWriter()
        writer.message(field: 1) { Self.write(method, to: &$0) }
        for message in messages.sorted(by: { $0.fullName < $1.fullName }) {
            writer.message(field: 2) { Self.write(message, to: &$0) }
        }
        for enumeration in enumerations.sorted(by: { $0.fullName < $1.fullName }) {
            writer.message(field: 3) { Self.write(enumeration, to: &$0) }
        }
        return PackedMessage(bytes: writer.bytes)
    }

    private static func write(
        _ method: (descriptor: MethodDescriptor, messages: MeshMethod.Messages), to writer: inout WireWriter
    ) {
        let descriptor = method.descriptor
        writer.text(descriptor.name, field: 1)
        writer.text(method.messages.request, field: 2)
        writer.text(method.messages.response, field: 3)
        writer.flag(descriptor.isIdempotent, field: 4)
        writer.flag(descriptor.hedges, field: 5)
        writer.number(Int64((descriptor.timeout ?? .zero) / .milliseconds(1)), field: 6)
        writer.text(descriptor.shardKey ?? "", field: 7)
        writer.flag(descriptor.isHeavy, field: 8)
        writer.text(descriptor.documentation, field: 9)
    }

    private static func write(_ message: MessageDescriptor, to writer: inout WireWriter) {
        writer.text(message.fullName, field: 1)
        for field in message.fields {
            writer.message(field: 2) { inner in
                inner.text(field.name, field: 1)
                inner.number(field.number, field: 2)
                inner.number(field.kind.rawValue, field: 3)
                inner.text(field.typeName, field: 4)
                inner.flag(field.isRepeated, field: 5)
                inner.flag(field.isOptional, field: 6)
                inner.text(field.documentation, field: 7)
            }
        }
        writer.text(message.documentation, field: 3)
    }

    private static func write(_ enumeration: EnumerationDescriptor, to writer: inout WireWriter) {
        writer.text(enumeration.fullName, field: 1)
        for value in enumeration.values {
            writer.message(field: 2) { inner in
                inner.text(value.name, field: 1)
                inner.number(value.number, field: 2)
            }
        }
    }
}
