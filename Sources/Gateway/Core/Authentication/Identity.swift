public import Domain

/// What a token lets its bearer do.
public enum Role: String, CaseIterable, Hashable, Sendable {
    /// Reads and writes as themself only.
    case user
    /// Acts for anyone.
    case service
    /// May do all that a service may, and sees the administration.
    case admin
}

/// Who sent a request.
public struct Identity: Hashable, Sendable {
    /// `sub` of the token: a user's identifier or a service's name; empty where no token was asked for.
    public let subject: String
    /// `nil` where no token was asked for.
    public let role: Role?
    /// The person, for the role `user`.
    public let userID: UserID?

    public static let anonymous = Identity(subject: "", role: nil, userID: nil)

    private init(subject: String, role: Role?, userID: UserID?) {
        self.subject = subject
        self.role = role
        self.userID = userID
    }

    /// - Returns: `nil` if a `user`'s subject is no identifier of a person, or the subject is empty.
    public init?(subject: String, role: Role) {
        guard !subject.isEmpty else { return nil }
        var userID: UserID?
        if role == .user {
            guard let id = Int64(subject), id > 0 else { return nil }
            userID = UserID(id)
        }
        self.init(subject: subject, role: role, userID: userID)
    }

    /// Whether the bearer may act as this person.
    public func mayActAs(_ id: UserID) -> Bool {
        switch self.role {
        case .user: self.userID == id
        case .service, .admin: true
        case nil: false
        }
    }

    /// - Throws: ``APIError`` 403 unless the bearer may act as this person.
    func requireActing(as id: UserID) throws(APIError) {
        guard self.mayActAs(id) else { throw .forbidden("This token may act only as its own user.") }
    }
}
