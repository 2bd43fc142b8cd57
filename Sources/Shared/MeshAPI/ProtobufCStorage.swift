internal import CMeshMessages
internal import Glibc

/// Copies of the small parts of a message (text, nested messages) that live while it is packed.
@safe final class ProtobufCStorage {
    private var blocks: [UnsafeMutableRawPointer] = unsafe []

    deinit {
        // swift-format-ignore
        for unsafe block in unsafe self.blocks { unsafe free(block) }
    }

    func bytes(_ text: String) -> ProtobufCBinaryData {
        var text = text
        return text.withUTF8 { unsafe self.bytes(copying: UnsafeRawBufferPointer($0)) }
    }

    func bytes(_ bytes: [UInt8]) -> ProtobufCBinaryData {
        unsafe bytes.withUnsafeBytes { unsafe self.bytes(copying: $0) }
    }

    /// An array as protobuf-c has it: a pointer and a count.
    func copy<Element: BitwiseCopyable>(_ elements: [Element]) -> (UnsafeMutablePointer<Element>?, Int) {
        guard !elements.isEmpty else { return (nil, 0) }
        let block = unsafe self.block(of: MemoryLayout<Element>.stride * elements.count)
        let copy = unsafe block.bindMemory(to: Element.self, capacity: elements.count)
        unsafe copy.initialize(from: elements, count: elements.count)
        return unsafe (copy, elements.count)
    }

    func place<Layout>(_ layout: Layout) -> UnsafeMutablePointer<Layout> {
        let place = unsafe self.block(of: MemoryLayout<Layout>.stride).bindMemory(to: Layout.self, capacity: 1)
        unsafe place.initialize(to: layout)
        return unsafe place
    }

    private func bytes(copying source: UnsafeRawBufferPointer) -> ProtobufCBinaryData {
        guard let start = source.baseAddress, source.count > 0 else { return unsafe ProtobufCBinaryData(len: 0, data: nil) }
        let copy = unsafe self.block(of: source.count)
        unsafe copy.copyMemory(from: start, byteCount: source.count)
        return unsafe ProtobufCBinaryData(len: source.count, data: copy.assumingMemoryBound(to: UInt8.self))
    }

    private func block(of size: Int) -> UnsafeMutableRawPointer {
        guard let block = unsafe malloc(size) else { preconditionFailure("Out of memory for \(size) bytes of a message.") }
        unsafe self.blocks.append(block)
        return unsafe block
    }
}
