import Glibc

/// Where a private PostgreSQL lies and as whom it runs.
public struct PostgresPlacement: Sendable, Hashable {
    /// The cluster's data.
    public let data: String
    /// Folder of the Unix socket, mode 0700.
    public let socketFolder: String
    /// User and group to become; `nil`: the user that runs Duet.
    let user: User?

    struct User: Sendable, Hashable {
        let name: String
        let uid: uid_t
        let gid: gid_t
    }

    /// - Throws: ``SupervisionError`` if root finds no `postgres` user.
    public init(folder: DataFolder) throws(SupervisionError) {
        try self.init(folder: folder, isRoot: getuid() == 0, canEnter: Self.othersCanEnter)
    }

    /// - Parameter canEnter: Whether any user may pass through the folder of this path and all above it.
    package init(folder: DataFolder, isRoot: Bool, canEnter: (String) -> Bool) throws(SupervisionError) {
        guard isRoot else {
            (self.user, self.data) = (nil, folder.root + "/postgres")
            self.socketFolder = folder.runtime + "/postgres"
            return
        }
        guard let entry = unsafe getpwnam("postgres") else {
            throw SupervisionError(
                .missingProgram, "PostgreSQL doesn't run as root, and there is no user postgres: install Debian's package postgresql.")
        }
        self.user = User(name: "postgres", uid: unsafe entry.pointee.pw_uid, gid: unsafe entry.pointee.pw_gid)
        let hash = DataFolder.hash(folder.root)
        let parent = folder.root.split(separator: "/").dropLast().reduce(into: "") { $0 += "/" + $1 }
        let isEnterable = canEnter(parent)
        self.data = isEnterable ? folder.root + "/postgres" : "/var/lib/duet/\(hash)/postgres"
        // The folder of the other sockets is closed to the server's user.
        let near = folder.root + "/pg"
        self.socketFolder = isEnterable && near.utf8.count <= 80 ? near : "/run/duet/\(hash)-pg"
    }

    /// `setpriv`'s arguments that become the user.
    var identity: [String] {
        guard let user = self.user else { return [] }
        return ["--reuid=\(user.uid)", "--regid=\(user.gid)", "--init-groups"]
    }

    /// Makes the folders above the data, and the socket's.
    func createFolders() throws(SupervisionError) {
        try FileSystem.makeParents(of: self.data)
        try FileSystem.makeParents(of: self.socketFolder)
        try FileSystem.makeFolder(self.socketFolder)
        guard let user = self.user else { return }
        guard FileSystem.setOwner(self.socketFolder, user.uid, user.gid) else {
            throw .system("\(self.socketFolder) can't be given to \(user.name)")
        }
        // initdb makes the data folder itself, so its parent has to be writable for the moment: it gets a folder that is its own.
        let partial = self.data + ".partial"
        if !FileSystem.exists(self.data) {
            try FileSystem.makeFolder(partial)
            guard FileSystem.setOwner(partial, user.uid, user.gid) else { throw .system("\(partial) can't be given to \(user.name)") }
        }
    }

    private static func othersCanEnter(_ path: String) -> Bool {
        var prefix = ""
        for part in path.split(separator: "/") {
            prefix += "/" + part
            guard let information = FileSystem.information(prefix), information.mode & S_IXOTH != 0 else { return false }
        }
        return true
    }
}
