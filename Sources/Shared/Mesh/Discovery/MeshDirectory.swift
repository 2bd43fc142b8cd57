internal import Glibc

/// The directory in which the replicas of one machine announce themselves: only its owner may enter.
struct MeshDirectory: Sendable {
    /// `sun_path` has 108 bytes, the last of them zero.
    static let longestSocketPath = 107
    static let socketSuffix = ".sock"

    let path: String

    /// Makes the directory if it is missing.
    ///
    /// - Throws: ``MeshError`` with `failedPrecondition` when it can't be made or belongs to someone else.
    init(path: String) throws(MeshError) {
        self.path = path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path
        var parent = ""
        for component in self.path.split(separator: "/", omittingEmptySubsequences: false) {
            parent += parent.isEmpty && component.isEmpty ? "/" : (parent.isEmpty || parent.hasSuffix("/") ? "" : "/") + component
            if unsafe mkdir(parent, 0o700) != 0, errno != EEXIST, errno != EISDIR, errno != EROFS, errno != EACCES {
                throw Self.failure("can't make the mesh directory \(parent)")
            }
        }
        var status = stat()
        guard unsafe stat(self.path, &status) == 0 else { throw Self.failure("no mesh directory \(self.path)") }
        guard status.st_mode & S_IFMT == S_IFDIR else { throw MeshError(.failedPrecondition, "\(self.path) isn't a directory") }
        guard status.st_uid == getuid() else {
            throw MeshError(.failedPrecondition, "the mesh directory \(self.path) belongs to user \(status.st_uid), not to \(getuid())")
        }
        // nng sets the mode of a socket only after it is bound: the directory is what keeps others out.
        if status.st_mode & 0o077 != 0, unsafe chmod(self.path, 0o700) != 0 {
            throw Self.failure("can't close the mesh directory \(self.path) to others")
        }
    }

    /// - Throws: ``MeshError`` with `invalidArgument` when the path is longer than a Unix socket's may be.
    func socketPath(_ name: String) throws(MeshError) -> String {
        let socket = "\(self.path)/\(name)"
        guard socket.utf8.count <= Self.longestSocketPath else {
            throw MeshError(
                .invalidArgument,
                "the socket path \(socket) has \(socket.utf8.count) bytes, at most \(Self.longestSocketPath) are possible: "
                    + "choose a shorter mesh directory")
        }
        return socket
    }

    /// Writes the entry under a temporary name and moves it into place, so that nobody reads half of it.
    func publish(_ entry: DirectoryEntry, as name: String) throws(MeshError) {
        let temporary = "\(self.path)/.\(name).new"
        let descriptor = unsafe open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw Self.failure("can't write \(temporary)") }
        let text = Array(entry.json.utf8)
        let written = unsafe text.withUnsafeBytes { unsafe write(descriptor, $0.baseAddress, $0.count) == $0.count }
        guard close(descriptor) == 0, written, unsafe rename(temporary, "\(self.path)/\(name)\(DirectoryEntry.suffix)") == 0 else {
            let failure = Self.failure("can't write \(temporary)")
            unsafe unlink(temporary)
            throw failure
        }
    }

    func withdraw(_ name: String) {
        unsafe unlink("\(self.path)/\(name)\(DirectoryEntry.suffix)")
    }

    func removeSocket(_ name: String) {
        unsafe unlink("\(self.path)/\(name)")
    }

    /// The replicas that live. Entries and sockets of processes that are gone are removed.
    func endpoints() -> [Endpoint] {
        var endpoints: [Endpoint] = []
        for file in self.files() {
            if let pid = Self.socketOwner(file), !Self.isAlive(pid) { self.removeSocket(file) }
            guard file.hasSuffix(DirectoryEntry.suffix), let entry = self.read(file) else { continue }
            let name = String(file.dropLast(DirectoryEntry.suffix.count))
            guard Self.isAlive(entry.pid) else {
                self.withdraw(name)
                self.removeSocket(entry.socket)
                continue
            }
            endpoints.append(
                Endpoint(
                    service: entry.service, address: "ipc://\(self.path)/\(entry.socket)", name: name, version: entry.version,
                    weight: entry.weight, shadowShare: entry.shadowShare, pid: entry.pid))
        }
        return endpoints.sorted { $0.name < $1.name }
    }

    /// Unique to this start of this process; tells whose it is.
    static func uniqueName(_ service: String) -> String {
        let suffix = String(UInt32.random(in: .min ... .max), radix: 36)
        return "\(service)-\(getpid())-\(suffix)"
    }

    /// The process that a socket's name tells.
    private static func socketOwner(_ file: String) -> Int32? {
        guard file.hasSuffix(Self.socketSuffix) else { return nil }
        return file.split(separator: "-").dropLast().last.flatMap { Int32($0) }
    }

    private func files() -> [String] {
        guard let directory = unsafe opendir(self.path) else { return [] }
        defer { unsafe closedir(directory) }
        var names: [String] = []
        while let file = unsafe readdir(directory) {
            let name = unsafe withUnsafePointer(to: &file.pointee.d_name) { name in
                unsafe name.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
            }
            if !name.hasPrefix(".") { names.append(name) }
        }
        return names
    }

    private func read(_ file: String) -> DirectoryEntry? {
        let descriptor = unsafe open("\(self.path)/\(file)", O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: 4096) { buffer, count in
            count = max(0, unsafe Glibc.read(descriptor, buffer.baseAddress, buffer.count))
        }
        return DirectoryEntry(json: bytes)
    }

    /// A process that we may not signal lives too.
    private static func isAlive(_ pid: Int32) -> Bool {
        kill(pid, 0) == 0 || errno == EPERM
    }

    private static func failure(_ what: String) -> MeshError {
        MeshError(.failedPrecondition, unsafe "\(what): \(String(cString: strerror(errno)))")
    }
}
