internal import CDescriptor

/// Rewrites a descriptor set into what protoc-c 1.4 can compile to plain C messages, without changing a byte on the wire.
///
/// - Strings become bytes: protobuf-c then keeps lengths, so text may hold U+0000 and nothing is measured by `strlen`.
/// - The synthetic oneof of a proto3 `optional` field becomes a real one, as protoc-c 1.4 refuses proto3 `optional`.
/// - Services and the option files go: the calls are the mesh's own.
enum Lowering {
    /// Files that describe options only.
    static func isDropped(_ path: String) -> Bool {
        path.hasPrefix("google/protobuf/") || path == "duet/mesh/v1/options.proto"
    }

    static func lower(_ bytes: [UInt8]) throws -> [UInt8] {
        guard let set = unsafe google__protobuf__file_descriptor_set__unpack(nil, bytes.count, bytes) else {
            throw GeneratorError("the input is no FileDescriptorSet")
        }
        defer { unsafe google__protobuf__file_descriptor_set__free_unpacked(set, nil) }
        // What is left out of an array is moved behind its end and back before the set is freed.
        let files = unsafe self.partition(set.pointee.file, set.pointee.n_file) { file in
            !self.isDropped(unsafe text(file.pointee.name))
        }
        let fileCount = unsafe set.pointee.n_file
        unsafe set.pointee.n_file = files
        var restored: [(file: UnsafeMutablePointer<Google__Protobuf__FileDescriptorProto>, services: Int, dependencies: Int)] =
            unsafe []
        // swift-format-ignore
        for unsafe file in unsafe elements(set.pointee.file, files) {
            unsafe restored.append((file, file.pointee.n_service, file.pointee.n_dependency))
            unsafe file.pointee.n_service = 0
            unsafe file.pointee.n_dependency = partition(file.pointee.dependency, file.pointee.n_dependency) {
                unsafe !self.isDropped(text($0))
            }
            // swift-format-ignore
            for unsafe message in unsafe elements(file.pointee.message_type, file.pointee.n_message_type) { unsafe self.lower(message) }
        }
        defer {
            unsafe set.pointee.n_file = fileCount
            for unsafe(file, services, dependencies) in unsafe restored {
                unsafe file.pointee.n_service = services
                unsafe file.pointee.n_dependency = dependencies
            }
        }
        var packed = unsafe [UInt8](repeating: 0, count: google__protobuf__file_descriptor_set__get_packed_size(set))
        _ = unsafe google__protobuf__file_descriptor_set__pack(set, &packed)
        return packed
    }

    private static func lower(_ message: UnsafeMutablePointer<Google__Protobuf__DescriptorProto>) {
        // swift-format-ignore
        for unsafe field in unsafe elements(message.pointee.field, message.pointee.n_field) {
            unsafe field.pointee.has_proto3_optional = 0
            unsafe field.pointee.proto3_optional = 0
            if unsafe field.pointee.type == GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_STRING {
                unsafe field.pointee.type = GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_BYTES
            }
        }
        // swift-format-ignore
        for unsafe nested in unsafe elements(message.pointee.nested_type, message.pointee.n_nested_type) { unsafe self.lower(nested) }
    }

    /// Moves the wanted elements to the front, in order, and returns how many they are.
    private static func partition<T>(
        _ array: UnsafeMutablePointer<UnsafeMutablePointer<T>?>?, _ count: Int, _ isWanted: (UnsafeMutablePointer<T>) -> Bool
    ) -> Int {
        let all = unsafe elements(array, count)
        let wanted = unsafe all.filter(isWanted)
        for unsafe(index, element) in unsafe (wanted + all.filter { unsafe !isWanted($0) }).enumerated() { unsafe array?[index] = element }
        return unsafe wanted.count
    }
}
