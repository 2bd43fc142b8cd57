internal import Domain

/// What one person currently thinks of another, as an ``Edge`` says it.
enum Opinion: UInt8 {
    case pass = 0
    case like = 1
    case superLike = 2

    /// `nil` for what is no opinion: blocks, reports and lifted blocks.
    init?(_ kind: InteractionKind) {
        switch kind {
        case .like: self = .like
        case .superLike: self = .superLike
        case .dislike, .unmatch: self = .pass
        case .block, .report, .unblock: return nil
        }
    }
}

extension Edge {
    /// Of an edge whose label is an ``Opinion``.
    var isPositive: Bool { self.label != Opinion.pass.rawValue }
}
