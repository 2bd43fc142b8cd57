internal import Domain

/// Writes down who does what with privileges or with a person's data, before it is done: what can't be written down is not done.
struct Audit: Sendable {
    let repository: any AuditRepository

    func note(_ action: String, of target: String, _ request: RouteRequest) async throws(RepositoryError) {
        try await self.repository.append(
            AuditEntry(
                time: request.scope.receivedAt, actor: request.identity.subject, role: request.identity.role?.rawValue ?? "", action: action,
                target: target, requestID: request.scope.requestID))
    }
}
