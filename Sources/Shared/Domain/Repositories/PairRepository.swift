/// A place in a list that is ordered newest first: what follows is older, or as old with a smaller identifier.
public struct PageMark: Hashable, Sendable {
    public var time: Timestamp
    public var id: Int64

    public init(time: Timestamp, id: Int64) {
        self.time = time
        self.id = id
    }
}

/// Somebody who likes a person and waits for their answer.
public struct Admirer: Hashable, Sendable {
    public var user: User
    public var likedAt: Timestamp
    public var isSuperLike: Bool

    public init(user: User, likedAt: Timestamp, isSuperLike: Bool) {
        self.user = user
        self.likedAt = likedAt
        self.isSuperLike = isSuperLike
    }
}

/// Somebody with whom a person likes each other.
public struct Match: Hashable, Sendable {
    public var user: User
    public var since: Timestamp

    public init(user: User, since: Timestamp) {
        self.user = user
        self.since = since
    }
}

/// What there is between people at present. Nobody whom a block or report hides is ever listed.
public protocol PairRepository: Sendable {
    /// Those who like the person and have had no answer, newest first.
    func admirers(of user: UserID, after mark: PageMark?, limit: Int) async throws(RepositoryError) -> [Admirer]
    /// Open matches, newest first.
    func matches(of user: UserID, after mark: PageMark?, limit: Int) async throws(RepositoryError) -> [Match]
}
