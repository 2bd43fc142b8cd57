/// Writes what reflection tells of a message or an enumeration.
struct DescriptorEmitter {
    let types: TypeTable

    func declare(_ message: Schema.Message, in writer: inout SourceWriter) throws {
        let messages = try self.names(message) { if case .message(let name) = $0 { name } else { nil } }
        let enumerations = try self.names(message) { if case .enumeration(let name) = $0 { name } else { nil } }
        writer.block("public static let descriptor: MessageDescriptor? = MessageDescriptor(", ")") { writer in
            var arguments: [[String]] = []
            if message.fields.isEmpty {
                arguments.append(["fields: []"])
            } else {
                arguments.append(["fields: ["] + message.fields.map { "    \(self.field($0))," } + ["]"])
            }
            if !message.documentation.isEmpty { arguments.append(["documentation: \(self.text(message.documentation))"]) }
            if !messages.isEmpty {
                arguments.append(["messages: { [\(messages.map { "\($0).descriptor" }.joined(separator: ", "))].compactMap(\\.self) }"])
            }
            if !enumerations.isEmpty {
                arguments.append(["enumerations: { [\(enumerations.map { "\($0).descriptor" }.joined(separator: ", "))] }"])
            }
            writer.line("Self.fullName,")
            for (index, lines) in arguments.enumerated() {
                for (number, line) in lines.enumerated() {
                    writer.line(number == lines.count - 1 && index < arguments.count - 1 ? line + "," : line)
                }
            }
        }
    }

    func declare(_ enumeration: Schema.Enumeration, in writer: inout SourceWriter) {
        writer.block("public static let descriptor = EnumerationDescriptor(", ")") { writer in
            writer.line("\"\(enumeration.package).\(enumeration.name)\",")
            let values = enumeration.values.map { ".init(\"\($0.name)\", \($0.number))" }.joined(separator: ", ")
            writer.line("values: [\(values)]")
        }
    }

    private func field(_ field: Schema.Field) -> String {
        var arguments = ["\"\(field.name)\"", "\(field.number)", ".\(field.kind)"]
        switch field.type {
        case .message(let name), .enumeration(let name): arguments.append("typeName: \"\(name)\"")
        case .scalar, .string, .bytes: break
        }
        if field.isRepeated { arguments.append("isRepeated: true") }
        if field.isOptional { arguments.append("isOptional: true") }
        if !field.documentation.isEmpty { arguments.append("documentation: \(self.text(field.documentation))") }
        return ".init(\(arguments.joined(separator: ", ")))"
    }

    private func text(_ lines: [String]) -> String { SourceWriter.quoted(lines.joined(separator: " ")) }

    /// Swift names of the types that the fields name, each once.
    private func names(_ message: Schema.Message, _ name: (Schema.FieldType) -> String?) throws -> [String] {
        var names: [String] = []
        for fullName in message.fields.compactMap({ name($0.type) }) {
            let swiftName = try self.types.swiftName(fullName)
            if !names.contains(swiftName) { names.append(swiftName) }
        }
        return names
    }
}
