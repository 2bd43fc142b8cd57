internal import Domain
internal import Training

/// What people think of one another after some events: the last word of each pair.
struct Opinions: Sendable {
    /// Likes with their weights: 1, and more for a super like.
    let likes: InteractionMatrix
    let dislikes: InteractionMatrix
    /// Whom each person must not be shown again: judged already, or severed by either.
    let seen: InteractionMatrix

    static let superLikeWeight: Float = 2

    init(_ events: some Sequence<Dataset.Event>, people: Int) {
        var last: [UInt64: InteractionKind] = [:]
        var severed: Set<UInt64> = []
        for event in events {
            let key = Self.key(event.person, event.target)
            switch event.kind {
            case .like, .superLike, .dislike: last[key] = event.kind
            case .block, .report:
                severed.insert(key)
                severed.insert(Self.key(event.target, event.person))
            case .unmatch, .unblock: break
            }
        }
        var likes: [InteractionMatrix.Entry] = []
        var dislikes: [InteractionMatrix.Entry] = []
        var seen: [InteractionMatrix.Entry] = severed.map { Self.entry($0, 1) }
        for (key, kind) in last {
            let entry = Self.entry(key, kind == .superLike ? Self.superLikeWeight : 1)
            if !kind.isPositive {
                dislikes.append(entry)
            } else if !severed.contains(key) {
                likes.append(entry)
            }
            if !severed.contains(key) { seen.append(entry) }
        }
        self.likes = InteractionMatrix(rows: people, columns: people, entries: likes)
        self.dislikes = InteractionMatrix(rows: people, columns: people, entries: dislikes)
        self.seen = InteractionMatrix(rows: people, columns: people, entries: seen)
    }

    private static func key(_ person: Int32, _ target: Int32) -> UInt64 { UInt64(person) << 32 | UInt64(target) }

    private static func entry(_ key: UInt64, _ weight: Float) -> InteractionMatrix.Entry {
        (row: Int32(key >> 32), column: Int32(key & 0xFFFF_FFFF), weight: weight)
    }
}
