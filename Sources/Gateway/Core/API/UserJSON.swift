internal import Domain

extension JSONWriter {
    /// A person with all keys present.
    ///
    /// - Parameter members: Writes what comes after them.
    mutating func user(_ user: User, matchScore: Double? = nil, extending members: (inout JSONWriter) -> Void = { _ in }) {
        self.object { writer in
            writer.key("id")
            writer.integer(user.id.rawValue)
            writer.key("name")
            writer.string(user.name)
            writer.key("age")
            if let age = user.age { writer.integer(age) } else { writer.null() }
            writer.key("gender")
            writer.optional(user.gender?.rawValue)
            writer.key("location")
            writer.optional(user.location)
            writer.key("bio")
            writer.optional(user.bio)
            writer.key("interests")
            writer.array(user.interests) { $0.string($1) }
            writer.key("created_at")
            writer.timestamp(user.createdAt)
            writer.key("last_active_at")
            writer.optional(user.lastActiveAt)
            writer.key("match_score")
            if let matchScore { writer.double(matchScore, decimals: 6) } else { writer.null() }
            members(&writer)
        }
    }
}

/// Reads profiles out of bodies that match their schema.
enum UserJSON {
    static let genders = Gender.allCases.map(\.rawValue)

    private static let name = Schema.string(.init(1...100, isNonBlank: true))
    private static let age = Schema.integer(18...120)
    private static let gender = Schema.choice(genders)
    private static let location = Schema.text(1...200)
    private static let bio = Schema.nullable(.text(0...1000))
    private static let interests = Schema.array(.string(.init(1...200, isNonBlank: true)), maximumCount: 50)

    static let creation = Schema.named(
        "UserCreate",
        .object([
            .init("name", name), .init("age", age), .init("gender", gender), .init("location", location),
            .init("bio", bio, required: false), .init("interests", interests, required: false),
        ]))

    static let change = Schema.named(
        "UserUpdate",
        .object([
            .init("name", name, required: false), .init("age", age, required: false), .init("gender", gender, required: false),
            .init("location", location, required: false), .init("bio", bio, required: false),
            .init("interests", interests, required: false),
        ]))

    static let user = Schema.named("User", .object(properties))
    static let list = Schema.array(user, maximumCount: 1000)

    /// Of a person as an answer; `age`, `gender` and `location` are absent from bare profiles.
    static let properties: [Schema.Property] = [
        .init("id", .identifier), .init("name", .text()), .init("age", .nullable(.anyInteger)), .init("gender", .nullable(gender)),
        .init("location", .nullable(.text())), .init("bio", .nullable(.text())),
        .init("interests", .array(.text(), maximumCount: 50)), .init("created_at", .dateTime),
        .init("last_active_at", .nullable(.dateTime)), .init("match_score", .nullable(.probability)),
    ]

    static func newUser(_ body: JSONValue) -> NewUser {
        NewUser(
            name: body["name"]?.string ?? "", age: body["age"]?.integer.map { Int($0) },
            gender: body["gender"]?.string.flatMap { Gender(rawValue: $0) }, location: body["location"]?.string,
            bio: body["bio"]?.string, interests: Self.interests(body["interests"]))
    }

    static func change(_ body: JSONValue) -> UserChange {
        UserChange(
            name: body["name"]?.string, age: body["age"]?.integer.map { Int($0) },
            gender: body["gender"]?.string.flatMap { Gender(rawValue: $0) }, location: body["location"]?.string,
            bio: body["bio"].map { $0.string }, interests: body["interests"].map { Self.interests($0) })
    }

    /// Stripped, without duplicates, in the order given.
    private static func interests(_ value: JSONValue?) -> [String] {
        var seen: Set<String> = []
        return (value?.array ?? []).compactMap { $0.string?.trimmingBlanks }.filter { seen.insert($0).inserted }
    }
}
