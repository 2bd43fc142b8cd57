/// Writes the Swift struct of a message and its bridge to protobuf-c.
struct MessageEmitter {
    let types: TypeTable
    let nestedMessages: Set<String>

    init(types: TypeTable) {
        self.types = types
        self.nestedMessages = types.nestedMessages
    }

    func file(_ file: Schema.ProtoFile) throws -> String {
        var writer = SourceWriter(file: file.path)
        writer.line("internal import CMeshMessages")
        writer.line("public import Mesh")
        for enumeration in file.enumerations {
            writer.line()
            self.declare(enumeration, in: &writer)
        }
        for message in file.messages {
            writer.line()
            try self.declare(message, in: &writer)
        }
        for message in file.messages.flatMap(\.allMessages) {
            writer.line()
            try self.bridge(message, in: &writer)
        }
        return writer.text
    }

    // MARK: Declarations

    private func declare(_ enumeration: Schema.Enumeration, in writer: inout SourceWriter) {
        let name = self.lastComponent(enumeration.name)
        writer.documentation(enumeration.documentation, or: "One of the values of `\(enumeration.package).\(enumeration.name)`.")
        writer.block("public struct \(name): RawRepresentable, Sendable, Hashable, CaseIterable, CustomStringConvertible {") { writer in
            for value in enumeration.values {
                writer.documentation(value.documentation)
                writer.line("public static let \(Naming.member(value.name)) = \(name)(rawValue: \(value.number))")
            }
            writer.line()
            writer.line("/// The known values, in the order of the `.proto`.")
            let known = enumeration.values.map { "." + Naming.member($0.name).filter { $0 != "`" } }.joined(separator: ", ")
            writer.line("public static let allCases: [\(name)] = [\(known)]")
            writer.line()
            DescriptorEmitter(types: self.types).declare(enumeration, in: &writer)
            writer.line()
            writer.line("/// A number that a newer peer knows may have no name here.")
            writer.line("public var rawValue: Int32")
            writer.line()
            writer.block("public init(rawValue: Int32) {") { $0.line("self.rawValue = rawValue") }
            writer.line()
            writer.block("public var description: String {") { writer in
                writer.line("switch self.rawValue {")
                for value in enumeration.values { writer.line("case \(value.number): \"\(value.name)\"") }
                writer.line("default: \"\\(self.rawValue)\"")
                writer.line("}")
            }
        }
    }

    private func declare(_ message: Schema.Message, in writer: inout SourceWriter) throws {
        writer.documentation(message.documentation, or: "The message `\(message.fullName)`.")
        try writer.block("public struct \(self.lastComponent(message.name)): MeshMessage {") { writer in
            for enumeration in message.enumerations {
                self.declare(enumeration, in: &writer)
                writer.line()
            }
            for nested in message.messages {
                try self.declare(nested, in: &writer)
                writer.line()
            }
            writer.line("public static let fullName = \"\(message.fullName)\"")
            writer.line()
            try DescriptorEmitter(types: self.types).declare(message, in: &writer)
            if !message.fields.isEmpty { writer.line() }
            for field in message.fields {
                writer.documentation(field.documentation)
                writer.line("public var \(Naming.member(field.name)): \(try self.type(field))")
            }
            writer.line()
            guard !message.fields.isEmpty else {
                writer.line("public init() {}")
                return
            }
            writer.line("/// Creates a message; a field that is left out has its default.")
            try writer.block("public init(", ") {") { writer in
                for (index, field) in message.fields.enumerated() {
                    let comma = index == message.fields.count - 1 ? "" : ","
                    writer.line("\(Naming.member(field.name)): \(try self.type(field)) = \(try self.defaultValue(field))\(comma)")
                }
            }
            writer.block("", "}") { writer in
                for field in message.fields {
                    writer.line("self.\(Naming.member(field.name)) = \(Naming.member(field.name))")
                }
            }
        }
    }

    // MARK: The bridge

    private func bridge(_ message: Schema.Message, in writer: inout SourceWriter) throws {
        let function = Naming.cFunction(message.fullName)
        try writer.block("extension \(message.name): @unsafe ProtobufCMessage {") { writer in
            writer.line("typealias Layout = \(Naming.cType(message.fullName))")
            writer.line()
            writer.block("public init(unpacking bytes: UnsafeRawBufferPointer) throws(MeshError) {") { writer in
                writer.line("self = unsafe try ProtobufC.unpack(bytes, with: \(function)__unpack)")
            }
            writer.line()
            writer.block(
                "public func withPackedForm<R>(_ body: (Int, (UnsafeMutableRawBufferPointer) -> Void) throws(MeshError) -> R)"
                    + " throws(MeshError) -> R {"
            ) { writer in
                let arrays = message.fields.filter(\.isPinned)
                writer.line("let storage = ProtobufCStorage()")
                writer.line("var layout = unsafe self.layout(in: storage)")
                self.pin(arrays[...], in: &writer)
            }
            writer.line()
            try writer.block("init(layout: UnsafePointer<Layout>) throws(MeshError) {") { writer in
                if message.fields.isEmpty { writer.line("self.init()") }
                for field in message.fields { writer.line(try self.read(field, of: message)) }
            }
            writer.line()
            let unpinned = message.fields.filter { !$0.isPinned }
            writer.line("/// Everything but the arrays of numbers, which the caller points at or copies.")
            try writer.block("private func layout(in storage: ProtobufCStorage) -> Layout {") { writer in
                writer.line("var layout = unsafe Layout()")
                writer.line("unsafe \(function)__init(&layout)")
                for field in unpinned { try self.write(field, of: message, in: &writer) }
                writer.line("return unsafe layout")
            }
            guard self.nestedMessages.contains(message.fullName) else { return }
            writer.line()
            writer.block("func place(in storage: ProtobufCStorage) -> UnsafeMutablePointer<Layout> {") { writer in
                let arrays = message.fields.filter(\.isPinned)
                writer.line("\(arrays.isEmpty ? "let" : "var") layout = unsafe self.layout(in: storage)")
                for field in arrays {
                    writer.line(
                        "unsafe (layout.\(field.name), layout.n_\(field.name)) = storage.copy(self.\(Naming.member(field.name)))")
                }
                writer.line("return unsafe storage.place(layout)")
            }
        }
    }

    /// Nested closures that lend the arrays' own storage to the C struct while it is packed.
    private func pin(_ arrays: ArraySlice<Schema.Field>, in writer: inout SourceWriter) {
        guard let field = arrays.first else {
            writer.line("return unsafe try ProtobufC.lend(&layout, storage, body)")
            return
        }
        let name = Naming.member(field.name)
        writer.block("return unsafe try self.\(name).withUnsafeBufferPointer { (array) throws(MeshError) -> R in") { writer in
            writer.line("unsafe layout.\(field.name) = UnsafeMutablePointer(mutating: array.baseAddress)")
            writer.line("unsafe layout.n_\(field.name) = array.count")
            self.pin(arrays.dropFirst(), in: &writer)
        }
    }

    private func read(_ field: Schema.Field, of message: Schema.Message) throws -> String {
        let target = "self.\(Naming.member(field.name))"
        let source = "layout.pointee.\(field.name)"
        if field.isRepeated {
            let count = "layout.pointee.n_\(field.name)"
            return switch field.type {
            case .scalar(.bool): "\(target) = unsafe ProtobufC.bools(\(source), \(count))"
            case .scalar: "\(target) = unsafe ProtobufC.numbers(\(source), \(count))"
            case .string: "\(target) = unsafe try ProtobufC.strings(\(source), \(count), \"\(message.name).\(field.name)\")"
            case .bytes: "\(target) = unsafe ProtobufC.byteArrays(\(source), \(count))"
            case .message(let name):
                "\(target) = unsafe try ProtobufC.messages(\(source), \(count), as: \(try self.types.swiftName(name)).self)"
            case .enumeration:
                "\(target) = unsafe ProtobufC.enumerations(\(source), \(count)) { .init(rawValue: Int32(bitPattern: $0.rawValue)) }"
            }
        }
        let value =
            switch field.type {
            case .scalar(.bool): "unsafe \(source) != 0"
            case .scalar: "unsafe \(source)"
            case .string: "unsafe try ProtobufC.string(\(source), \"\(message.name).\(field.name)\")"
            case .bytes: "unsafe ProtobufC.bytes(\(source))"
            case .message(let name): "unsafe try ProtobufC.message(\(source), as: \(try self.types.swiftName(name)).self)"
            case .enumeration(let name):
                "unsafe \(try self.types.swiftName(name))(rawValue: Int32(bitPattern: \(source).rawValue))"
            }
        guard field.isOptional, !field.isMessage else { return "\(target) = \(value)" }
        return "\(target) = unsafe layout.pointee._\(field.name)_case.rawValue == \(field.number) ? \(value) : nil"
    }

    private func write(_ field: Schema.Field, of message: Schema.Message, in writer: inout SourceWriter) throws {
        let name = Naming.member(field.name)
        if field.isRepeated {
            let pair = "(layout.\(field.name), layout.n_\(field.name))"
            switch field.type {
            case .scalar: writer.line("unsafe \(pair) = storage.copy(self.\(name).map { $0 ? 1 : 0 })")
            case .enumeration(let enumeration):
                let type = Naming.cType(enumeration)
                writer.line("unsafe \(pair) = storage.copy(self.\(name).map { \(type)(rawValue: UInt32(bitPattern: $0.rawValue)) })")
            case .string: writer.line("unsafe \(pair) = storage.copy(self.\(name).map { unsafe storage.bytes($0) })")
            case .bytes: writer.line("unsafe \(pair) = storage.copy(self.\(name).map { unsafe storage.bytes($0) })")
            case .message: writer.line("unsafe \(pair) = storage.copy(self.\(name).map { unsafe $0.place(in: storage) as Optional })")
            }
            return
        }
        func value(_ source: String) -> String {
            switch field.type {
            case .scalar(.bool): "\(source) ? 1 : 0"
            case .scalar: source
            case .string, .bytes: "storage.bytes(\(source))"
            case .message: "\(source).place(in: storage)"
            case .enumeration(let enumeration): "\(Naming.cType(enumeration))(rawValue: UInt32(bitPattern: \(source).rawValue))"
            }
        }
        guard field.isOptional || field.isMessage else {
            writer.line("unsafe layout.\(field.name) = \(value("self.\(name)"))")
            return
        }
        writer.block("if let value = self.\(name) {") { writer in
            if !field.isMessage {
                let type = "\(Naming.cType(message.fullName))__\(Naming.cType(field.name))Case"
                writer.line("unsafe layout._\(field.name)_case = \(type)(rawValue: \(field.number))")
            }
            writer.line("unsafe layout.\(field.name) = \(value("value"))")
        }
    }

    // MARK: Types

    private func type(_ field: Schema.Field) throws -> String {
        let element =
            switch field.type {
            case .scalar(let scalar): scalar.rawValue
            case .string: "String"
            case .bytes: "[UInt8]"
            case .message(let name), .enumeration(let name): try self.types.swiftName(name)
            }
        if field.isRepeated { return "[\(element)]" }
        return field.isOptional || field.isMessage ? element + "?" : element
    }

    private func defaultValue(_ field: Schema.Field) throws -> String {
        if field.isRepeated { return "[]" }
        if field.isOptional || field.isMessage { return "nil" }
        return switch field.type {
        case .scalar(.bool): "false"
        case .scalar: "0"
        case .string: "\"\""
        case .bytes: "[]"
        case .message: "nil"
        case .enumeration(let name): "\(try self.types.swiftName(name))(rawValue: 0)"
        }
    }

    private func lastComponent(_ name: String) -> String {
        name.split(separator: ".").last.map(String.init) ?? name
    }
}

extension Schema.Field {
    /// An array whose storage protobuf-c can read in place.
    var isPinned: Bool {
        if case .scalar(let scalar) = self.type { self.isRepeated && scalar != .bool } else { false }
    }

    var isMessage: Bool {
        if case .message = self.type { true } else { false }
    }
}
