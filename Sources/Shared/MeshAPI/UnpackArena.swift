internal import CMeshMessages
internal import Glibc

/// Memory for one unpacked message: handed out by moving a pointer, given back all at once.
///
/// Hostile bytes can ask for far more memory than they take (a two-byte field for a struct of a hundred), so there is a limit.
@safe final class UnpackArena {
    private static let alignment = 16

    private var chunks: [UnsafeMutableRawPointer] = unsafe []
    private var next: UnsafeMutableRawPointer?
    private var free = 0
    private var budget: Int
    private let firstChunk: Int
    /// The limit was hit.
    private(set) var isExhausted = false

    /// - Parameter payload: Bytes of the packed message.
    init(payload: Int, limit: Int? = nil) {
        self.budget = limit ?? (1 << 20) + payload * 16
        // Packed numbers take in memory what they take on the wire; the rest is for structs.
        self.firstChunk = payload + payload / 2 + 1024
    }

    deinit {
        // swift-format-ignore
        for unsafe chunk in unsafe self.chunks { unsafe Glibc.free(chunk) }
    }

    /// Lends protobuf-c an allocator that draws from this arena.
    func withAllocator<R>(_ body: (UnsafeMutablePointer<ProtobufCAllocator>) -> R) -> R {
        var allocator = unsafe ProtobufCAllocator(
            alloc: { arena, size in
                unsafe arena.flatMap { unsafe Unmanaged<UnpackArena>.fromOpaque($0).takeUnretainedValue().allocate(size) }
            },
            free: { _, _ in },
            allocator_data: Unmanaged.passUnretained(self).toOpaque())
        return unsafe body(&allocator)
    }

    private func allocate(_ size: Int) -> UnsafeMutableRawPointer? {
        guard size >= 0, size <= self.budget else {
            self.isExhausted = true
            return nil
        }
        let rounded = (size + Self.alignment - 1) & ~(Self.alignment - 1)
        if rounded > self.free {
            let chunkSize = max(rounded, unsafe self.chunks.isEmpty ? self.firstChunk : self.firstChunk * 2)
            guard let chunk = unsafe malloc(chunkSize) else {
                self.isExhausted = true
                return nil
            }
            unsafe self.chunks.append(chunk)
            unsafe self.next = chunk
            self.free = chunkSize
        }
        defer {
            unsafe self.next = self.next?.advanced(by: rounded)
            self.free -= rounded
            self.budget -= rounded
        }
        return unsafe self.next
    }
}
