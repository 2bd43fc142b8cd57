import Glibc

/// The few calls on files and folders that a supervisor needs.
public enum FileSystem {
    /// The file's text; `nil` if it can't be read.
    public static func text(_ path: String) -> String? {
        let file = self.open(path, O_RDONLY)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var result: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 16_384)
        while true {
            let count = unsafe read(file, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return count == 0 ? String(decoding: result, as: UTF8.self) : nil }
            result.append(contentsOf: buffer.prefix(count))
        }
    }

    /// Replaces the file in one step: a reader sees the old text or the new one.
    ///
    /// - Parameter mode: Permission bits, by default for the owner alone.
    /// - Throws: ``SupervisionError`` with the system's reason.
    public static func replace(_ path: String, with text: String, mode: UInt32 = 0o600) throws(SupervisionError) {
        let temporary = "\(path).\(getpid())"
        let file = self.open(temporary, O_WRONLY | O_CREAT | O_TRUNC, mode)
        guard file >= 0 else { throw .system("\(path) can't be written") }
        let isWritten = self.write(Array(text.utf8), to: file)
        close(file)
        guard isWritten, self.rename(temporary, path) else { throw .system("\(path) can't be written") }
    }

    /// Makes a file for the owner alone. Of two who make it at once one wins, and both find a whole file.
    ///
    /// - Throws: ``SupervisionError`` with the system's reason.
    public static func createOnce(_ path: String, with text: String) throws(SupervisionError) {
        let temporary = "\(path).\(getpid())"
        try self.replace(temporary, with: text)
        defer { self.remove(temporary) }
        guard unsafe link(temporary, path) == 0 || errno == EEXIST else { throw .system("\(path) can't be written") }
    }

    /// Makes a folder and sets its mode, whether or not it was there.
    public static func makeFolder(_ path: String, mode: UInt32 = 0o700) throws(SupervisionError) {
        if unsafe mkdir(path, mode) != 0, errno != EEXIST { throw .system("\(path) can't be made") }
        guard self.setMode(path, mode) else { throw .system("The mode of \(path) can't be set") }
    }

    /// Makes the folders above `path` that aren't there, for everyone to pass through.
    static func makeParents(of path: String) throws(SupervisionError) {
        var prefix = ""
        for part in path.split(separator: "/").dropLast() {
            prefix += "/" + part
            if unsafe mkdir(prefix, 0o755) != 0, errno != EEXIST { throw .system("\(prefix) can't be made") }
        }
    }

    public static func exists(_ path: String) -> Bool { unsafe access(path, F_OK) == 0 }

    static func isExecutable(_ path: String) -> Bool { unsafe access(path, X_OK) == 0 }

    @discardableResult
    static func remove(_ path: String) -> Bool { unsafe unlink(path) == 0 }

    static func rename(_ path: String, _ target: String) -> Bool { unsafe Glibc.rename(path, target) == 0 }

    static func setMode(_ path: String, _ mode: UInt32) -> Bool { unsafe chmod(path, mode) == 0 }

    static func setOwner(_ path: String, _ user: UInt32, _ group: UInt32) -> Bool { unsafe chown(path, user, group) == 0 }

    static func truncate(_ path: String) -> Bool { unsafe Glibc.truncate(path, 0) == 0 }

    /// Size and mode; `nil` if there is no such file.
    static func information(_ path: String) -> (size: Int, mode: UInt32)? {
        var result = stat()
        guard unsafe stat(path, &result) == 0 else { return nil }
        return (Int(result.st_size), result.st_mode)
    }

    /// Names in a folder, sorted, without `.` and `..`; empty if it can't be read.
    public static func names(in path: String) -> [String] {
        guard let listing = unsafe opendir(path) else { return [] }
        defer { unsafe closedir(listing) }
        var names: [String] = []
        while let entry = unsafe readdir(listing) {
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                unsafe pointer.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    /// A descriptor that children don't inherit, or a negative number.
    static func open(_ path: String, _ flags: Int32, _ mode: UInt32 = 0o600) -> Int32 {
        unsafe Glibc.open(path, flags | O_CLOEXEC, mode)
    }

    /// Writes all bytes, however often the kernel takes only some.
    static func write(_ bytes: [UInt8], to file: Int32) -> Bool {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = unsafe rest.withUnsafeBytes { unsafe Glibc.write(file, $0.baseAddress, $0.count) }
            if count > 0 { rest = rest.dropFirst(count) } else if errno != EINTR { return false }
        }
        return true
    }
}

extension SupervisionError {
    /// An error that ends with the system's own words for `errno`.
    static func system(_ sentence: String, code: Code = .fileSystem, error: Int32 = errno) -> SupervisionError {
        SupervisionError(code, "\(sentence): \(Self.words(error)).")
    }

    static func words(_ error: Int32) -> String {
        unsafe String(cString: strerror(error))
    }
}
