import Foundation
import Glibc
import Synchronization

/// A folder under the system's temporary folder, with a short name: a socket's path may have 107 bytes.
enum TemporaryFolder {
    private static let folders = Mutex<[String]>([])
    /// Registers the clean-up once.
    private static let cleanUp: Void = {
        atexit {
            for folder in TemporaryFolder.folders.withLock({ $0 }) { try? FileManager.default.removeItem(atPath: folder) }
        }
    }()

    /// Makes one that goes when the process exits in order.
    static func make(_ prefix: String, owner: String? = nil) throws -> String {
        _ = self.cleanUp
        let base = FileManager.default.temporaryDirectory.path
        let name = String(UInt64.random(in: 0..<(1 << 40)), radix: 36)
        let path = "\(base.hasSuffix("/") ? String(base.dropLast()) : base)/\(prefix)-\(name)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
        if let owner { try FileManager.default.setAttributes([.ownerAccountName: owner], ofItemAtPath: path) }
        self.folders.withLock { $0.append(path) }
        return path
    }

    static func remove(_ path: String) {
        try? FileManager.default.removeItem(atPath: path)
        self.folders.withLock { $0.removeAll { $0 == path } }
    }
}
