internal import Domain
internal import HTTPTypes
internal import Mesh

extension APIError {
    /// What a client is told of a store's failure; `nil` when it is a mistake of ours.
    init?(_ error: RepositoryError) {
        switch error.code {
        case .unavailable, .deadlineExceeded: self = .unavailable("The store")
        case .unknownUser:
            let ids = error.missing.map(\.rawValue)
            let names = ids.map(String.init).joined(separator: " and ")
            self = APIError(.notFound, names.isEmpty ? "There is no such user." : "There is no user \(names).", detail: .missing(ids))
        case .conflict: self = APIError(.conflict, "The request contradicts what is stored.")
        default: return nil
        }
    }

    static let tooLarge = APIError(.contentTooLarge, "The body is larger than this server takes.")
}
