/// Lets each kind of line through a few times in a while, and counts the others.
///
/// Something that fails, fails a thousand times a second: the first lines say it, the rest would drown what else happens.
struct RepeatLimiter: ~Copyable {
    enum Decision: Equatable {
        /// - Parameter suppressed: Lines of this kind that were left out since the last one that was written.
        case write(suppressed: Int)
        case drop
    }

    private struct Kind {
        var start: Int64
        var written: Int
        var suppressed: Int
    }

    /// Lines of one kind in a window.
    private let limit: Int
    /// Seconds.
    private let window: Int64
    /// Kinds that are remembered; with more of them, all are forgotten.
    private let capacity: Int
    private var kinds: [UInt64: Kind] = [:]

    init(limit: Int = 10, window: Int64 = 10, capacity: Int = 1000) {
        (self.limit, self.window, self.capacity) = (limit, window, capacity)
    }

    /// - Parameters:
    ///   - kind: Names lines that say the same.
    ///   - second: Now.
    mutating func admit(_ kind: UInt64, at second: Int64) -> Decision {
        guard var known = self.kinds[kind] else {
            if self.kinds.count >= self.capacity { self.kinds.removeAll(keepingCapacity: true) }
            self.kinds[kind] = Kind(start: second, written: 1, suppressed: 0)
            return .write(suppressed: 0)
        }
        // A clock that was set back starts a window, too.
        if second >= known.start + self.window || second < known.start {
            self.kinds[kind] = Kind(start: second, written: 1, suppressed: 0)
            return .write(suppressed: known.suppressed)
        }
        let isWritten = known.written < self.limit
        if isWritten { known.written += 1 } else { known.suppressed += 1 }
        self.kinds[kind] = known
        return isWritten ? .write(suppressed: 0) : .drop
    }
}
