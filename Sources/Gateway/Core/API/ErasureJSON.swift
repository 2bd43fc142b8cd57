internal import Domain

/// The state of an erasure.
enum ErasureJSON {
    static let schema = Schema.named(
        "Erasure",
        .object([
            .init("receipt", .text()), .init("user_id", .identifier), .init("status", .choice(["pending", "completed"])),
            .init("requested_at", .dateTime), .init("completed_at", .nullable(.dateTime)),
        ]))
}

extension JSONWriter {
    mutating func erasure(_ erasure: Erasure) {
        self.object { writer in
            writer.key("receipt")
            writer.string(erasure.receipt)
            writer.key("user_id")
            writer.integer(erasure.userID.rawValue)
            writer.key("status")
            writer.string(erasure.completedAt == nil ? "pending" : "completed")
            writer.key("requested_at")
            writer.timestamp(erasure.requestedAt)
            writer.key("completed_at")
            writer.optional(erasure.completedAt)
        }
    }
}
