internal import Crypto
internal import Glibc
internal import Reactor

/// Reads a file on a thread of its own: a slow disk must not hold up other tasks.
actor FileReader {
    private static let chunkSize = 256 * 1024

    private let thread: EventLoop
    private let path: String
    private let descriptor: Int32
    nonisolated let size: Int

    nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe self.thread.asUnownedSerialExecutor() }

    init(path: String) throws(ExchangeError) {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw ExchangeError(.unreadableFile, "\(path): \(Self.reason())") }
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            close(descriptor)
            throw ExchangeError(.unreadableFile, "\(path): not a regular file")
        }
        do {
            self.thread = try EventLoop(name: "file-reader")
        } catch {
            close(descriptor)
            throw ExchangeError(.unreadableFile, "\(path): \(error)")
        }
        self.path = path
        self.descriptor = descriptor
        self.size = Int(status.st_size)
    }

    deinit { close(self.descriptor) }

    /// - Returns: Up to 256 KB from `offset` on; empty at the end.
    func read(at offset: Int) throws(ExchangeError) -> [UInt8] {
        var buffer = [UInt8](repeating: 0, count: Self.chunkSize)
        var count = 0
        repeat { count = unsafe pread(self.descriptor, &buffer, buffer.count, off_t(offset)) } while count < 0 && errno == EINTR
        guard count >= 0 else { throw ExchangeError(.unreadableFile, "\(self.path): \(Self.reason())") }
        buffer.removeLast(buffer.count - count)
        return buffer
    }

    /// The number, from 1, of the line that starts at `offset`.
    func line(at offset: Int) throws(ExchangeError) -> Int {
        var (line, position) = (1, 0)
        while position < offset {
            let chunk = try self.read(at: position).prefix(offset - position)
            guard !chunk.isEmpty else { throw ExchangeError(.changedFile, "\(self.path) changed while it was read") }
            line += chunk.count { $0 == UInt8(ascii: "\n") }
            position += chunk.count
        }
        return line
    }

    /// SHA-256 of the content, in lower-case hexadecimal.
    func digest() throws(ExchangeError) -> String {
        var hash = SHA256()
        var offset = 0
        while true {
            let chunk = try self.read(at: offset)
            if chunk.isEmpty { break }
            hash.update(data: chunk)
            offset += chunk.count
        }
        guard offset == self.size else { throw ExchangeError(.changedFile, "\(self.path) changed while it was read") }
        return hash.finalize().map { byte in String(byte >> 4, radix: 16) + String(byte & 15, radix: 16) }.joined()
    }

    private static func reason() -> String { unsafe String(cString: strerror(errno)) }
}
