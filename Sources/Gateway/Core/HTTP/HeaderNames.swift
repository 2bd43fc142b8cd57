internal import HTTPTypes

extension HTTPField.Name {
    static let requestID = known("X-Request-ID")
    static let processTime = known("X-Process-Time")
    static let nextCursor = known("X-Next-Cursor")
    static let idempotencyKey = known("Idempotency-Key")
    static let idempotentReplayed = known("Idempotent-Replayed")
    static let link = known("Link")
    static let traceParent = known("traceparent")

    private static func known(_ name: String) -> Self {
        guard let name = Self(name) else { preconditionFailure("\(name) is no name of a header field.") }
        return name
    }
}
