/// Shapes and answers that many routes share.
enum AnswerCatalogue {
    static let error = Schema.named(
        "Error",
        .object([
            .init("error", .text(), "A sentence for a person."), .init("detail", .anything, "For a machine: faults, missing ids, or null."),
            .init("request_id", .text()), .init("timestamp", .dateTime),
        ]))

    static let badRequest = Route.Answer(400, "The request makes no sense.", error, component: "BadRequest")
    static let unauthorized = Route.Answer(401, "No token, or one that is not valid.", error, component: "Unauthorized")
    static let forbidden = Route.Answer(403, "The token may not do this.", error, component: "Forbidden")
    static let notFound = Route.Answer(404, "There is no such thing.", error, component: "NotFound")
    static let conflict = Route.Answer(409, "The request contradicts an earlier one.", error, component: "Conflict")
    static let tooLarge = Route.Answer(413, "The body is too large.", error, component: "ContentTooLarge")
    static let unsupportedMediaType = Route.Answer(415, "The body is not JSON.", error, component: "UnsupportedMediaType")
    static let invalid = Route.Answer(422, "The request did not pass validation.", error, component: "Invalid")
    static let tooManyRequests = Route.Answer(429, "More requests than this token or address may send.", error, component: "TooManyRequests")
    static let unavailable = Route.Answer(503, "Something that is needed is away.", error, component: "Unavailable")

    /// What any route with a token may answer beside its own.
    static let guarded = [unauthorized, forbidden, invalid, unavailable]
    /// The same for a route with a body.
    static let guardedWithBody = [badRequest, unauthorized, forbidden, tooLarge, unsupportedMediaType, invalid, unavailable]
}
