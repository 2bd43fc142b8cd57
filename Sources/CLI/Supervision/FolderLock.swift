import Glibc

/// Exclusive ownership of a data folder, for as long as this value lives; the kernel gives it up when the process ends, however it ends.
public struct FolderLock: ~Copyable, Sendable {
    private let file: Int32

    /// - Throws: ``SupervisionError`` with ``SupervisionError/Code/alreadyRunning`` while another process owns the folder.
    public init(_ path: String) throws(SupervisionError) {
        let file = FileSystem.open(path, O_RDWR | O_CREAT)
        guard file >= 0 else { throw .system("\(path) can't be opened") }
        guard flock(file, LOCK_EX | LOCK_NB) == 0 else {
            close(file)
            let owner = FileSystem.text(path)?.split(separator: "\n").first.map { " (process \($0))" } ?? ""
            throw SupervisionError(.alreadyRunning, "Another duet\(owner) runs in this folder; `duet down` stops it.")
        }
        self.file = file
        ftruncate(file, 0)
        _ = FileSystem.write(Array("\(getpid())\n".utf8), to: file)
    }

    deinit { close(self.file) }

    /// Whether some process owns the folder now.
    public static func isHeld(_ path: String) -> Bool {
        let file = FileSystem.open(path, O_RDWR)
        guard file >= 0 else { return false }
        defer { close(file) }
        guard flock(file, LOCK_SH | LOCK_NB) == 0 else { return true }
        flock(file, LOCK_UN)
        return false
    }
}
