internal import CDescriptor

/// Turns a serialised `FileDescriptorSet` into a ``Schema``.
///
/// What the stubs don't support is an error here: streams, oneofs, maps, groups, recursive messages, proto2.
enum DescriptorReader {
    static func read(_ bytes: [UInt8]) throws -> Schema {
        guard let set = unsafe google__protobuf__file_descriptor_set__unpack(nil, bytes.count, bytes) else {
            throw GeneratorError("the input is no FileDescriptorSet")
        }
        defer { unsafe google__protobuf__file_descriptor_set__free_unpacked(set, nil) }
        var files: [Schema.ProtoFile] = []
        // swift-format-ignore
        for unsafe file in unsafe elements(set.pointee.file, set.pointee.n_file) {
            let path = unsafe text(file.pointee.name)
            guard !Lowering.isDropped(path) else { continue }
            guard unsafe text(file.pointee.syntax) == "proto3" else { throw GeneratorError("\(path) isn't proto3") }
            files.append(try unsafe self.file(file, path: path))
        }
        return Schema(files: files.sorted { $0.path < $1.path })
    }

    private static func file(
        _ file: UnsafeMutablePointer<Google__Protobuf__FileDescriptorProto>, path: String
    ) throws -> Schema.ProtoFile {
        let comments = unsafe Comments(file.pointee.source_code_info)
        let package = unsafe text(file.pointee.package)
        var messages: [Schema.Message] = []
        for unsafe(index, message) in unsafe elements(file.pointee.message_type, file.pointee.n_message_type).enumerated() {
            messages.append(try unsafe self.message(message, package: package, outer: "", path: [4, index], comments))
        }
        var enumerations: [Schema.Enumeration] = []
        for unsafe(index, enumeration) in unsafe elements(file.pointee.enum_type, file.pointee.n_enum_type).enumerated() {
            enumerations.append(unsafe self.enumeration(enumeration, package: package, outer: "", path: [5, index], comments))
        }
        var services: [Schema.Service] = []
        for unsafe(index, service) in unsafe elements(file.pointee.service, file.pointee.n_service).enumerated() {
            services.append(try unsafe self.service(service, package: package, path: [6, index], comments))
        }
        return Schema.ProtoFile(
            path: path, package: package, messages: messages, enumerations: enumerations, services: services)
    }

    private static func message(
        _ message: UnsafeMutablePointer<Google__Protobuf__DescriptorProto>,
        package: String, outer: String, path: [Int], _ comments: Comments
    ) throws -> Schema.Message {
        let name = unsafe outer + text(message.pointee.name)
        var fields: [Schema.Field] = []
        for unsafe(index, field) in unsafe elements(message.pointee.field, message.pointee.n_field).enumerated() {
            fields.append(try unsafe self.field(field, of: name, documentation: comments[path + [2, index]]))
        }
        var messages: [Schema.Message] = []
        for unsafe(index, nested) in unsafe elements(message.pointee.nested_type, message.pointee.n_nested_type).enumerated() {
            if let options = unsafe nested.pointee.options, unsafe options.pointee.map_entry != 0 {
                throw GeneratorError("\(package).\(name) has a map; write a repeated message instead")
            }
            messages.append(
                try unsafe self.message(nested, package: package, outer: name + ".", path: path + [3, index], comments))
        }
        var enumerations: [Schema.Enumeration] = []
        for unsafe(index, nested) in unsafe elements(message.pointee.enum_type, message.pointee.n_enum_type).enumerated() {
            enumerations.append(
                unsafe self.enumeration(nested, package: package, outer: name + ".", path: path + [4, index], comments))
        }
        return Schema.Message(
            name: name, package: package, documentation: comments[path], fields: fields,
            messages: messages, enumerations: enumerations)
    }

    private static func field(
        _ field: UnsafeMutablePointer<Google__Protobuf__FieldDescriptorProto>, of message: String, documentation: [String]
    ) throws -> Schema.Field {
        let name = unsafe text(field.pointee.name)
        let isOptional = unsafe field.pointee.proto3_optional != 0
        if unsafe field.pointee.has_oneof_index != 0, !isOptional {
            throw GeneratorError("\(message).\(name) is in a oneof; write optional fields instead")
        }
        let typeName = unsafe String(text(field.pointee.type_name).drop { $0 == "." })
        let type: Schema.FieldType
        switch unsafe field.pointee.type {
        case GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_DOUBLE: type = .scalar(.double)
        case GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_FLOAT: type = .scalar(.float)
        case GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_INT64,
            GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_SINT64,
            GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_SFIXED64:
            type = .scalar(.int64)
        case GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_UINT64,
            GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_FIXED64:
            type = .scalar(.uint64)
        case GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_INT32,
            GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_SINT32,
            GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_SFIXED32:
            type = .scalar(.int32)
        case GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_UINT32,
            GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_FIXED32:
            type = .scalar(.uint32)
        case GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_BOOL: type = .scalar(.bool)
        case GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_STRING: type = .string
        case GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_BYTES: type = .bytes
        case GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_ENUM: type = .enumeration(typeName)
        case GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_MESSAGE: type = .message(typeName)
        default: throw GeneratorError("\(message).\(name) has a type that the stubs don't support")
        }
        guard let kind = unsafe Schema.Kind(rawValue: Int(field.pointee.type.rawValue)) else {
            throw GeneratorError("\(message).\(name) has a type that the stubs don't support")
        }
        return unsafe Schema.Field(
            name: name,
            number: Int(field.pointee.number),
            type: type,
            kind: kind,
            isRepeated: field.pointee.label == GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__LABEL__LABEL_REPEATED,
            isOptional: isOptional,
            documentation: documentation)
    }

    private static func enumeration(
        _ enumeration: UnsafeMutablePointer<Google__Protobuf__EnumDescriptorProto>,
        package: String, outer: String, path: [Int], _ comments: Comments
    ) -> Schema.Enumeration {
        var values: [Schema.Enumeration.Value] = []
        for unsafe(index, value) in unsafe elements(enumeration.pointee.value, enumeration.pointee.n_value).enumerated() {
            values.append(
                unsafe .init(
                    name: text(value.pointee.name), number: value.pointee.number, documentation: comments[path + [2, index]]))
        }
        return unsafe Schema.Enumeration(
            name: outer + text(enumeration.pointee.name), package: package, documentation: comments[path], values: values)
    }

    private static func service(
        _ service: UnsafeMutablePointer<Google__Protobuf__ServiceDescriptorProto>,
        package: String, path: [Int], _ comments: Comments
    ) throws -> Schema.Service {
        var methods: [Schema.Method] = []
        for unsafe(index, method) in unsafe elements(service.pointee.method, service.pointee.n_method).enumerated() {
            let name = unsafe text(method.pointee.name)
            if unsafe method.pointee.client_streaming != 0 || method.pointee.server_streaming != 0 {
                throw GeneratorError("\(package).\(name) is a stream; the mesh has calls only")
            }
            methods.append(
                unsafe Schema.Method(
                    name: name,
                    input: String(text(method.pointee.input_type).drop { $0 == "." }),
                    output: String(text(method.pointee.output_type).drop { $0 == "." }),
                    options: try MethodOptionsParser.options(of: method),
                    documentation: comments[path + [2, index]]))
        }
        return unsafe Schema.Service(
            name: text(service.pointee.name), package: package, documentation: comments[path], methods: methods)
    }
}

/// Leading comments by the path that `descriptor.proto` gives each declaration.
private struct Comments {
    private var lines: [[Int]: [String]] = [:]

    init(_ information: UnsafeMutablePointer<Google__Protobuf__SourceCodeInfo>?) {
        guard let information = unsafe information else { return }
        // swift-format-ignore
        for unsafe location in unsafe elements(information.pointee.location, information.pointee.n_location) {
            guard let comment = unsafe location.pointee.leading_comments else { continue }
            var path: [Int] = []
            for index in unsafe 0..<location.pointee.n_path { path.append(unsafe Int(location.pointee.path[index])) }
            self.lines[path] = unsafe text(comment).split(separator: "\n").map { String($0.drop { $0 == " " }) }
        }
    }

    subscript(path: [Int]) -> [String] { self.lines[path] ?? [] }
}

/// A C string, or nothing for `NULL`.
func text(_ pointer: UnsafePointer<CChar>?) -> String {
    unsafe pointer.map { unsafe String(cString: $0) } ?? ""
}

func text(_ pointer: UnsafeMutablePointer<CChar>?) -> String {
    unsafe pointer.map { unsafe String(cString: $0) } ?? ""
}

/// The elements of a C array of pointers.
func elements<T>(_ array: UnsafeMutablePointer<UnsafeMutablePointer<T>?>?, _ count: Int) -> [UnsafeMutablePointer<T>] {
    unsafe UnsafeBufferPointer(start: array, count: count).compactMap { unsafe $0 }
}
