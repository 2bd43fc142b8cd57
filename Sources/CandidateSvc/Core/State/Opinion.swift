internal import Domain

/// What one person currently thinks of another, as an ``Edge`` says it.
enum Opinion: UInt8 {
    case pass = 0
    case like = 1
    case superLike = 2
    /// Ended a match: a pass that is never forgotten.
    case unmatch = 3

    /// `nil` for what is no opinion: blocks, reports and lifted blocks.
    init?(_ kind: InteractionKind) {
        switch kind {
        case .like: self = .like
        case .superLike: self = .superLike
        case .dislike: self = .pass
        case .unmatch: self = .unmatch
        case .block, .report, .unblock: return nil
        }
    }

    var isPositive: Bool { Self.isPositive(self.rawValue) }

    static func isPositive(_ label: UInt8) -> Bool { label == Self.like.rawValue || label == Self.superLike.rawValue }
}

extension Edge {
    /// Of an edge whose label is an ``Opinion``.
    var isPositive: Bool { Opinion.isPositive(self.label) }
}
