import Glibc

/// The folder of one installation, and where everything in it lies.
///
/// Sockets live in `run/`, unless the folder's path is so long that a socket's address could not hold it: then under `/run/duet/<hash>`.
/// The hash names the folder, so every command finds the same place.
public struct DataFolder: Sendable, Hashable {
    /// Absolute.
    public let root: String
    /// Folder of the sockets, mode 0700.
    public let runtime: String

    /// Longest runtime folder under which the longest socket name still fits.
    static let maximumRuntimeBytes = 50

    /// - Parameters:
    ///   - path: Relative to `currentDirectory` unless it starts with `/`.
    ///   - runtimeParent: Where the sockets of folders with long paths go.
    public init(_ path: String, currentDirectory: String = DataFolder.workingDirectory, runtimeParent: String = DataFolder.runtimeParent) {
        let absolute = path.hasPrefix("/") ? path : currentDirectory + "/" + path
        var parts: [Substring] = []
        for part in absolute.split(separator: "/") where part != "." {
            if part == ".." { _ = parts.popLast() } else { parts.append(part) }
        }
        self.root = "/" + parts.joined(separator: "/")
        let inside = self.root + "/run"
        self.runtime = inside.utf8.count <= Self.maximumRuntimeBytes ? inside : "\(runtimeParent)/\(Self.hash(self.root))"
    }

    public var lock: String { self.root + "/lock" }
    public var state: String { self.root + "/state.json" }
    public var logs: String { self.root + "/logs" }
    public var supervisorLog: String { self.logs + "/supervisor.log" }
    public var jwtKey: String { self.root + "/keys/jwt-hs256.key" }
    public var control: String { self.runtime + "/control.sock" }
    public var mesh: String { self.runtime + "/mesh" }
    public var redisSocket: String { self.runtime + "/redis.sock" }

    public func log(_ process: String) -> String { "\(self.logs)/\(process).log" }
    public func healthSocket(_ process: String) -> String { "\(self.runtime)/\(process).sock" }

    /// Makes the folders.
    ///
    /// - Throws: ``SupervisionError`` if one can't be made.
    public func create() throws(SupervisionError) {
        try FileSystem.makeParents(of: self.root)
        // As root, PostgreSQL runs as another user who has to pass through; nothing in here can be listed or read by it.
        try FileSystem.makeFolder(self.root, mode: getuid() == 0 ? 0o711 : 0o700)
        for folder in [self.logs, self.root + "/keys"] { try FileSystem.makeFolder(folder) }
        try FileSystem.makeParents(of: self.runtime)
        try FileSystem.makeFolder(self.runtime)
        try FileSystem.makeFolder(self.mesh)
    }

    /// 64-bit FNV-1a in hexadecimal.
    static func hash(_ text: String) -> String {
        String(text.utf8.reduce(0xCBF2_9CE4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01B3 }, radix: 16)
    }

    public static var workingDirectory: String {
        guard let path = unsafe getcwd(nil, 0) else { return "/" }
        defer { unsafe free(path) }
        return unsafe String(cString: path)
    }

    public static var runtimeParent: String {
        getuid() == 0 ? "/run/duet" : "/tmp/duet-\(getuid())"
    }
}
