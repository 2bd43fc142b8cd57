internal import Domain

extension JSONWriter {
    /// An interaction; `matched` only in the answer to its recording.
    mutating func interaction(_ interaction: Interaction, matched: Bool? = nil) {
        self.object { writer in
            writer.key("id")
            writer.integer(interaction.id)
            writer.key("user_id")
            writer.integer(interaction.userID.rawValue)
            writer.key("target_user_id")
            writer.integer(interaction.targetUserID.rawValue)
            writer.key("interaction_type")
            writer.string(interaction.kind.rawValue)
            writer.key("timestamp")
            writer.timestamp(interaction.timestamp)
            writer.key("context")
            writer.raw(interaction.context)
            if let matched {
                writer.key("matched")
                writer.bool(matched)
            }
        }
    }

    /// Every kind, those without any as 0.
    mutating func counts(_ counts: [InteractionKind: Int]) {
        self.object { writer in
            for kind in InteractionKind.recordable {
                writer.key(dynamic: kind.rawValue)
                writer.integer(counts[kind] ?? 0)
            }
        }
    }
}

/// Shapes of interactions, and how a body becomes one.
enum InteractionJSON {
    static let kinds = InteractionKind.recordable.map(\.rawValue)

    static let creation = Schema.named(
        "InteractionCreate",
        .object([
            .init("user_id", .identifier), .init("target_user_id", .identifier), .init("interaction_type", .choice(kinds)),
            .init("context", .nullable(.anyObject), required: false),
        ]))

    private static let properties: [Schema.Property] = [
        .init("id", .identifier), .init("user_id", .identifier), .init("target_user_id", .identifier),
        .init("interaction_type", .choice(kinds)), .init("timestamp", .dateTime), .init("context", .anyObject),
    ]

    static let interaction = Schema.named("Interaction", .object(properties))
    static let recorded = Schema.named("RecordedInteraction", .object(properties + [.init("matched", .boolean)]))
    static let list = Schema.array(interaction, maximumCount: 1000)
    static let counts = Schema.named("InteractionCounts", .object(kinds.map { .init($0, .integer(0...Int64.max)) }))

    /// Bytes of an interaction's context at most, as JSON text.
    static let contextLimit = 16 * 1024

    /// - Throws: ``APIError`` 422 when the context is larger than is kept.
    static func newInteraction(_ body: JSONValue) throws(APIError) -> NewInteraction {
        var context = "{}"
        if let value = body["context"], value != .null {
            let bytes = JSONWriter.bytes { $0.value(value.canonical) }
            guard bytes.count <= Self.contextLimit else {
                throw .invalid([
                    .init([.name("body"), .name("context")], "must be at most \(Self.contextLimit) bytes of JSON", type: "too_long")
                ])
            }
            context = String(decoding: bytes, as: UTF8.self)
        }
        guard let user = body["user_id"]?.integer, let target = body["target_user_id"]?.integer,
            let kind = body["interaction_type"]?.string.flatMap({ InteractionKind(recordable: $0) })
        else { throw .invalid([.init([.name("body")], "is no interaction", type: "value_error")]) }
        return NewInteraction(userID: UserID(user), targetUserID: UserID(target), kind: kind, context: context)
    }
}

extension JSONValue {
    /// With numbers that any store can hold: 64-bit integers, and doubles in their shortest form.
    fileprivate var canonical: JSONValue {
        switch self {
        case .number: self.integer == nil ? .number((self.double ?? 0).description) : self
        case .array(let elements): .array(elements.map(\.canonical))
        case .object(let members): .object(members.map { Member($0.name, $0.value.canonical) })
        default: self
        }
    }
}
