internal import HTTPTypes

extension HTTPField.Name {
    static let requestID = known("X-Request-ID")
    static let processTime = known("X-Process-Time")
    static let nextCursor = known("X-Next-Cursor")
    static let idempotencyKey = known("Idempotency-Key")
    static let idempotentReplayed = known("Idempotent-Replayed")
    static let link = known("Link")
    static let traceParent = known("traceparent")
    static let referrerPolicy = known("Referrer-Policy")
    static let rateLimitLimit = known("RateLimit-Limit")
    static let rateLimitRemaining = known("RateLimit-Remaining")
    static let rateLimitReset = known("RateLimit-Reset")
    static let lastEventID = known("Last-Event-ID")
    /// Tells nginx to pass on what comes as it comes.
    static let accelBuffering = known("X-Accel-Buffering")
    static let forwardedFor = known("X-Forwarded-For")

    private static func known(_ name: String) -> Self {
        guard let name = Self(name) else { preconditionFailure("\(name) is no name of a header field.") }
        return name
    }
}
