internal import Glibc
internal import Reactor

/// Writes a file beside its place, on a thread of its own, and puts it there when it is whole.
actor FileWriter {
    private let thread: EventLoop
    private let path: String
    private let partialPath: String
    private let descriptor: Int32
    private var isCommitted = false

    nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe self.thread.asUnownedSerialExecutor() }

    init(path: String) throws(ExchangeError) {
        do {
            self.thread = try EventLoop(name: "file-writer")
        } catch {
            throw ExchangeError(.unwritableFile, "\(path): \(error)")
        }
        self.path = path
        self.partialPath = path + ".partial"
        // What it holds is personal.
        self.descriptor = unsafe open(self.partialPath, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard self.descriptor >= 0 else { throw Self.error(path) }
    }

    deinit {
        close(self.descriptor)
        if !self.isCommitted { unsafe unlink(self.partialPath) }
    }

    func write(_ bytes: [UInt8]) throws(ExchangeError) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = unsafe rest.withUnsafeBytes { unsafe Glibc.write(self.descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw Self.error(self.path) }
            rest.removeFirst(count)
        }
    }

    func commit() throws(ExchangeError) {
        guard fsync(self.descriptor) == 0, unsafe rename(self.partialPath, self.path) == 0 else { throw Self.error(self.path) }
        self.isCommitted = true
    }

    private static func error(_ path: String) -> ExchangeError {
        ExchangeError(.unwritableFile, "\(path): \(unsafe String(cString: strerror(errno)))")
    }
}
