/// What one person did towards another.
public enum InteractionKind: String, CaseIterable, Hashable, Sendable {
    case like, dislike
    case superLike = "super_like"
    case block, report, unmatch
    /// The sender's block was lifted. Written by the store where that happens, and never accepted from outside.
    case unblock

    /// What people do, and what an interface or a file may bring.
    public static let recordable: [InteractionKind] = Self.allCases.filter(\.isRecordable)

    /// The code stored in the log, never reused: 1 like, 2 dislike, 3 super like, 4 block, 5 report, 6 unmatch, 7 unblock.
    public var code: Int16 {
        switch self {
        case .like: 1
        case .dislike: 2
        case .superLike: 3
        case .block: 4
        case .report: 5
        case .unmatch: 6
        case .unblock: 7
        }
    }

    public init?(code: Int16) {
        switch code {
        case 1: self = .like
        case 2: self = .dislike
        case 3: self = .superLike
        case 4: self = .block
        case 5: self = .report
        case 6: self = .unmatch
        case 7: self = .unblock
        default: return nil
        }
    }

    /// The kind of a name that came from outside.
    public init?(recordable name: String) {
        guard let kind = Self(rawValue: name), kind.isRecordable else { return nil }
        self = kind
    }

    public var isRecordable: Bool { self != .unblock }

    /// A like or a super like.
    public var isPositive: Bool { self == .like || self == .superLike }
    /// Hides the two people from each other until a block is lifted.
    public var isSevering: Bool { self == .block || self == .report }
}

/// One row of the interaction log.
public struct Interaction: Hashable, Sendable {
    public var id: Int64
    public var userID: UserID
    public var targetUserID: UserID
    public var kind: InteractionKind
    public var timestamp: Timestamp
    /// A JSON object as text.
    public var context: String

    public init(id: Int64, userID: UserID, targetUserID: UserID, kind: InteractionKind, timestamp: Timestamp, context: String = "{}") {
        self.id = id
        self.userID = userID
        self.targetUserID = targetUserID
        self.kind = kind
        self.timestamp = timestamp
        self.context = context
    }
}

/// An interaction to be recorded. The store gives it its identifier and, where `timestamp` is `nil`, its time.
public struct NewInteraction: Hashable, Sendable {
    public var userID: UserID
    public var targetUserID: UserID
    public var kind: InteractionKind
    public var timestamp: Timestamp?
    /// A JSON object as text.
    public var context: String

    public init(userID: UserID, targetUserID: UserID, kind: InteractionKind, timestamp: Timestamp? = nil, context: String = "{}") {
        self.userID = userID
        self.targetUserID = targetUserID
        self.kind = kind
        self.timestamp = timestamp
        self.context = context
    }
}

/// What the store answers to a recorded interaction.
public struct RecordedInteraction: Hashable, Sendable {
    public var interaction: Interaction
    /// This interaction completed a mutual like. True in exactly one of the two answers of a crossed pair.
    public var matched: Bool
    /// Transaction id of the row: a copy of the log that has read past it has seen this interaction.
    public var position: UInt64

    public init(interaction: Interaction, matched: Bool, position: UInt64) {
        self.interaction = interaction
        self.matched = matched
        self.position = position
    }
}

/// Counts by kind, sent and received.
public struct InteractionStatistics: Hashable, Sendable {
    public var sent: [InteractionKind: Int]
    public var received: [InteractionKind: Int]

    public init(sent: [InteractionKind: Int] = [:], received: [InteractionKind: Int] = [:]) {
        self.sent = sent
        self.received = received
    }
}
