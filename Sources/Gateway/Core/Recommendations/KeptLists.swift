internal import Domain
internal import Synchronization

/// Which lists this process has lately put into the cache or met there: a guess at what a look-up will find, never more.
final class KeptLists: Sendable {
    /// Lists that are remembered.
    private static let capacity = 100_000

    private let lists = Mutex(Generations<Int, Void>())

    func contains(_ key: String, of viewer: UserID) -> Bool {
        let hash = Self.hash(key, viewer)
        return self.lists.withLock { $0[hash] != nil }
    }

    func insert(_ key: String, of viewer: UserID) {
        let hash = Self.hash(key, viewer)
        self.lists.withLock { $0.insert((), for: hash, capacity: Self.capacity) }
    }

    private static func hash(_ key: String, _ viewer: UserID) -> Int {
        var hasher = Hasher()
        hasher.combine(key)
        hasher.combine(viewer)
        return hasher.finalize()
    }
}
