public import Domain

/// What a person did and met so far, as sums: the behavioural part of their features.
///
/// Every field is a sum of whole numbers or an extreme, exact in double precision, so counters don't depend on the order in which
/// events arrive, and counters of parts of the log can be merged.
public struct BehaviourCounters: Hashable, Sendable {
    /// The other person of an event, as far as counters care.
    public struct Counterpart: Hashable, Sendable {
        public var age: Int?
        public var gender: Gender?

        public init(age: Int?, gender: Gender?) {
            self.age = age
            self.gender = gender
        }

        public init(_ user: User) { self.init(age: user.age, gender: user.gender) }
    }

    /// Events of one direction, by kind. A super like counts as a like, too; a report counts as a block.
    public struct Tally: Hashable, Sendable {
        public internal(set) var likes = 0.0
        public internal(set) var dislikes = 0.0
        public internal(set) var superLikes = 0.0
        public internal(set) var blocks = 0.0

        mutating func add(_ kind: InteractionKind) {
            switch kind {
            case .like: self.likes += 1
            case .superLike:
                self.likes += 1
                self.superLikes += 1
            case .dislike: self.dislikes += 1
            case .block, .report: self.blocks += 1
            case .unmatch, .unblock: break
            }
        }
    }

    /// Ages of the people at the other end of likes.
    public struct Ages: Hashable, Sendable {
        public internal(set) var count = 0.0
        public internal(set) var sum = 0.0
        public internal(set) var squares = 0.0

        mutating func add(_ age: Int) {
            let age = Double(age)
            self.count += 1
            self.sum += age
            self.squares += age * age
        }

        public var mean: Double? { self.count > 0 ? self.sum / self.count : nil }
        /// Sum of squared deviations from the mean (M₂).
        public var deviations: Double { self.count > 0 ? max(0, self.squares - self.sum * self.sum / self.count) : 0 }
    }

    /// Likes or dislikes by the other person's gender; people of unknown gender are left out.
    public struct ByGender: Hashable, Sendable {
        public internal(set) var male = 0.0
        public internal(set) var female = 0.0
        public internal(set) var other = 0.0

        public internal(set) subscript(gender: Gender) -> Double {
            get {
                switch gender {
                case .male: self.male
                case .female: self.female
                case .other: self.other
                }
            }
            set {
                switch gender {
                case .male: self.male = newValue
                case .female: self.female = newValue
                case .other: self.other = newValue
                }
            }
        }

        public var total: Double { self.male + self.female + self.other }
    }

    public internal(set) var sent = Tally()
    public internal(set) var received = Tally()
    public internal(set) var likesSentByGender = ByGender()
    public internal(set) var dislikesSentByGender = ByGender()
    public internal(set) var likesReceivedByGender = ByGender()
    public internal(set) var likedAges = Ages()
    public internal(set) var likerAges = Ages()
    /// First and last event that the person sent; `nil` before the first.
    public internal(set) var firstActivity: Timestamp?
    public internal(set) var lastActivity: Timestamp?

    public init() {}

    /// Counts an event of this person towards `target`.
    public mutating func apply(sent kind: InteractionKind, to target: Counterpart, at moment: Timestamp) {
        // The store's doing, not an activity.
        guard kind != .unblock else { return }
        self.sent.add(kind)
        self.noteActivity(moment)
        if kind.isPositive {
            if let gender = target.gender { self.likesSentByGender[gender] += 1 }
            if let age = target.age { self.likedAges.add(age) }
        } else if kind == .dislike, let gender = target.gender {
            self.dislikesSentByGender[gender] += 1
        }
    }

    /// Counts an event of `actor` towards this person.
    public mutating func apply(received kind: InteractionKind, from actor: Counterpart) {
        self.received.add(kind)
        guard kind.isPositive else { return }
        if let gender = actor.gender { self.likesReceivedByGender[gender] += 1 }
        if let age = actor.age { self.likerAges.add(age) }
    }

    /// Adds counters of another part of the same person's log.
    public mutating func merge(_ other: BehaviourCounters) {
        for field in Self.fields { self[keyPath: field.path] += other[keyPath: field.path] }
        if let first = other.firstActivity { self.noteActivity(first) }
        if let last = other.lastActivity { self.noteActivity(last) }
    }

    private mutating func noteActivity(_ moment: Timestamp) {
        self.firstActivity = min(self.firstActivity ?? moment, moment)
        self.lastActivity = max(self.lastActivity ?? moment, moment)
    }
}
