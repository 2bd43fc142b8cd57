/// Every message and enumeration by its full name, checked for what the stubs can't express.
struct TypeTable {
    private var swiftNames: [String: String] = [:]
    private var messages: [String: Schema.Message] = [:]

    /// - Throws: ``GeneratorError`` for two types of one Swift name, a message that holds itself, or colliding method identifiers.
    init(_ schema: Schema) throws {
        for file in schema.files {
            for message in file.messages.flatMap(\.allMessages) {
                try self.add(message.name, package: message.package)
                self.messages[message.fullName] = message
                for enumeration in message.enumerations { try self.add(enumeration.name, package: enumeration.package) }
            }
            for enumeration in file.enumerations { try self.add(enumeration.name, package: enumeration.package) }
        }
        for name in self.messages.keys.sorted() { try self.rejectRecursion(name, path: []) }
        try Self.rejectCollisions(schema)
    }

    func swiftName(_ fullName: String) throws -> String {
        guard let name = self.swiftNames[fullName] else { throw GeneratorError("\(fullName) is used but not defined") }
        return name
    }

    func message(_ fullName: String) throws -> Schema.Message {
        guard let message = self.messages[fullName] else { throw GeneratorError("\(fullName) is used but not defined") }
        return message
    }

    /// Messages that are a field of another one.
    var nestedMessages: Set<String> {
        Set(
            self.messages.values.flatMap(\.fields).compactMap { field in
                if case .message(let name) = field.type { name } else { nil }
            })
    }

    private mutating func add(_ name: String, package: String) throws {
        if let other = self.swiftNames.first(where: { $0.value == name }) {
            throw GeneratorError("\(package).\(name) and \(other.key) have one name in Swift")
        }
        self.swiftNames["\(package).\(name)"] = name
    }

    /// protobuf-c unpacks by recursion without a limit: only a schema without recursion bounds the stack.
    private func rejectRecursion(_ name: String, path: [String]) throws {
        if path.contains(name) { throw GeneratorError("\(name) holds itself, which hostile input could nest without end") }
        for field in self.messages[name]?.fields ?? [] {
            if case .message(let inner) = field.type { try self.rejectRecursion(inner, path: path + [name]) }
        }
    }

    private static func rejectCollisions(_ schema: Schema) throws {
        var names: [UInt32: String] = [:]
        for service in schema.files.flatMap(\.services) {
            for method in service.methods {
                let name = "\(service.fullName)/\(method.name)"
                if let other = names.updateValue(name, forKey: Naming.methodID(name)) {
                    throw GeneratorError("\(name) and \(other) have one identifier; rename one")
                }
            }
        }
    }
}
