/// Writes the client, the handler protocol and the method table of each service.
struct ServiceEmitter {
    let types: TypeTable

    /// - Returns: `nil` for a file without services.
    func file(_ file: Schema.ProtoFile) throws -> String? {
        guard !file.services.isEmpty else { return nil }
        var writer = SourceWriter(file: file.path)
        writer.line("public import Mesh")
        for service in file.services {
            writer.line()
            self.table(service, in: &writer)
            writer.line()
            try self.methods(service, in: &writer)
            writer.line()
            try self.handler(service, in: &writer)
            writer.line()
            try self.client(service, in: &writer)
        }
        return writer.text
    }

    private func table(_ service: Schema.Service, in writer: inout SourceWriter) {
        writer.documentation(service.documentation, or: "The service `\(service.fullName)`.")
        writer.block("public enum \(service.name) {") { writer in
            writer.line("public static let name = \"\(service.fullName)\"")
            for method in service.methods {
                writer.line()
                writer.documentation(method.documentation)
                writer.block("public static let \(Naming.method(method.name)) = MethodDescriptor(", ")") { writer in
                    let options = method.options
                    var arguments = [
                        "service: \"\(service.fullName)\"",
                        "name: \"\(method.name)\"",
                    ]
                    if options.idempotent { arguments.append("isIdempotent: true") }
                    if options.hedge { arguments.append("hedges: true") }
                    if options.heavy { arguments.append("isHeavy: true") }
                    if options.timeoutMilliseconds > 0 { arguments.append("timeout: .milliseconds(\(options.timeoutMilliseconds))") }
                    if !options.shardKey.isEmpty { arguments.append("shardKey: \"\(options.shardKey)\"") }
                    if !method.documentation.isEmpty {
                        arguments.append("documentation: \(SourceWriter.quoted(method.documentation.joined(separator: " ")))")
                    }
                    for (index, argument) in arguments.enumerated() {
                        writer.line(argument + (index == arguments.count - 1 ? "" : ","))
                    }
                }
            }
            writer.line()
            writer.line("/// Every method, in the order of the `.proto`.")
            let names = service.methods.map { "Self." + Naming.method($0.name) }.joined(separator: ", ")
            writer.line("public static let descriptors: [MethodDescriptor] = [\(names)]")
        }
    }

    private func methods(_ service: Schema.Service, in writer: inout SourceWriter) throws {
        try writer.block("extension \(service.name) {") { writer in
            writer.line("/// The methods that a server offers, answered by `handler`.")
            try writer.block("public static func methods(_ handler: some \(service.name)Handler) -> [MeshMethod] {") { writer in
                try writer.block("[", "]") { writer in
                    for method in service.methods {
                        let name = Naming.method(method.name)
                        let input = try self.types.swiftName(method.input)
                        writer.block("MeshMethod(Self.\(name)) { (request: \(input), context: CallContext) in", "},") { writer in
                            writer.line("try await handler.\(name)(request, context: context)")
                        }
                    }
                }
            }
        }
    }

    private func handler(_ service: Schema.Service, in writer: inout SourceWriter) throws {
        writer.line("/// What answers the calls of ``\(service.name)``.")
        writer.line("///")
        writer.line("/// A ``MeshError`` that is thrown becomes the status of the reply; any other error becomes `INTERNAL`.")
        try writer.block("public protocol \(service.name)Handler: Sendable {") { writer in
            for method in service.methods {
                writer.documentation(method.documentation)
                let input = try self.types.swiftName(method.input)
                let output = try self.types.swiftName(method.output)
                let name = Naming.method(method.name)
                writer.line("func \(name)(_ request: \(input), context: CallContext) async throws -> \(output)")
            }
        }
    }

    private func client(_ service: Schema.Service, in writer: inout SourceWriter) throws {
        writer.line("/// Calls ``\(service.name)`` on one of its replicas.")
        try writer.block("public struct \(service.name)Client: Sendable {") { writer in
            writer.line("private let client: MeshClient")
            writer.line()
            writer.block("public init(_ client: MeshClient) {") { $0.line("self.client = client") }
            for method in service.methods {
                let name = Naming.method(method.name)
                let input = try self.types.swiftName(method.input)
                let output = try self.types.swiftName(method.output)
                let shard = try self.shardKey(method).map { "shard: \($0), " } ?? ""
                writer.line()
                writer.documentation(method.documentation)
                writer.line("///")
                writer.line("/// - Parameters:")
                writer.line("///   - deadline: When the answer is of no more use; never later than that of the context.")
                writer.line("///   - context: What deadline, trace and metadata are inherited from; `nil`: ``CallContext/current``.")
                writer.block("public func \(name)(", ") async throws(MeshError) -> \(output) {") { writer in
                    writer.line("_ request: \(input),")
                    writer.line("deadline: Deadline? = nil,")
                    writer.line("context: CallContext? = nil")
                }
                writer.block("", "}") { writer in
                    writer.line(
                        "try await self.client.call(\(service.name).\(name), request, \(shard)deadline: deadline, context: context)")
                }
            }
        }
    }

    /// The expression for a request's shard key; `nil` for a method without one.
    ///
    /// - Throws: ``GeneratorError`` for a field that isn't there, or has no value that could be hashed.
    private func shardKey(_ method: Schema.Method) throws -> String? {
        guard !method.options.shardKey.isEmpty else { return nil }
        guard let field = try self.types.message(method.input).fields.first(where: { $0.name == method.options.shardKey }) else {
            throw GeneratorError("\(method.name) has the shard key \(method.options.shardKey), which \(method.input) has not")
        }
        switch field.kind {
        case .double, .float, .bool, .message, .enumeration:
            throw GeneratorError("\(method.name) can't have the shard key \(field.name): it must be a whole number, text or bytes")
        default: break
        }
        let value = "request.\(Naming.member(field.name))"
        if field.isRepeated { return "\(value).first.map { ShardKey($0) }" }
        return field.isOptional ? "\(value).map { ShardKey($0) }" : "ShardKey(\(value))"
    }
}
