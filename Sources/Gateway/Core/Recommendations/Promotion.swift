internal import Domain

/// Moves a few people up a list: those who like the viewer, so that a match comes about soon.
///
/// They come into different places among the first, by the list's own name, so that no place gives them away.
enum Promotion {
    /// One in so many places at most.
    private static let spacing = 3

    /// - Parameter people: Whom to move up, the first ones highest. Who stands higher already stays there.
    static func apply(_ people: [UserID], to entries: inout [ListCursor.Entry], listID: String) {
        guard !people.isEmpty else { return }
        var seed = StableHash.hash(listID.utf8)
        var slot = 0
        for id in people {
            let place = slot + Int(seed % UInt64(Self.spacing))
            seed = seed / UInt64(Self.spacing) &+ 0x9E37_79B9_7F4A_7C15
            guard let current = entries.firstIndex(where: { $0.id == id }) else { continue }
            if current > place { entries.insert(entries.remove(at: current), at: place) }
            slot += Self.spacing
        }
    }
}
