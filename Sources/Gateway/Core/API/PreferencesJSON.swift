internal import Domain

extension JSONWriter {
    /// What a person seeks, with all keys present.
    mutating func preferences(_ preferences: Preferences) {
        self.object { writer in
            writer.key("genders")
            writer.array(preferences.genders) { $0.string($1.rawValue) }
            writer.key("min_age")
            if let age = preferences.minimumAge { writer.integer(age) } else { writer.null() }
            writer.key("max_age")
            if let age = preferences.maximumAge { writer.integer(age) } else { writer.null() }
            writer.key("max_distance_km")
            if let distance = preferences.maximumDistance { writer.double(distance) } else { writer.null() }
            writer.key("required_interests")
            writer.array(preferences.requiredInterests) { $0.string($1) }
            writer.key("excluded_interests")
            writer.array(preferences.excludedInterests) { $0.string($1) }
            writer.key("intent")
            writer.optional(preferences.intent?.rawValue)
            writer.key("visibility")
            writer.string(preferences.isPaused ? "paused" : "visible")
        }
    }
}

/// Reads what people seek out of bodies that match their schema.
enum PreferencesJSON {
    private static let age = Schema.nullable(.integer(18...120))
    private static let interests = Schema.array(.string(.init(1...200, isNonBlank: true)), maximumCount: 50)
    private static let intents = Intent.allCases.map(\.rawValue)

    static let change = Schema.named(
        "PreferencesChange",
        .object([
            .init("genders", .array(.choice(UserJSON.genders), maximumCount: 3), required: false, "Empty: any."),
            .init("min_age", age, required: false), .init("max_age", age, required: false),
            .init(
                "max_distance_km", .nullable(.number(1...20_100)), required: false,
                "Without coordinates on either side, the same place by name is near."),
            .init("required_interests", interests, required: false, "The other has every one of them; in any case."),
            .init("excluded_interests", interests, required: false, "The other has none of them; in any case."),
            .init("intent", .nullable(.choice(intents)), required: false, "Two who both say one must say the same."),
            .init("visibility", .choice(["visible", "paused"]), required: false, "Who paused is proposed to nobody."),
        ]))

    static let preferences = Schema.named(
        "Preferences",
        .object([
            .init("genders", .array(.choice(UserJSON.genders), maximumCount: 3)), .init("min_age", age), .init("max_age", age),
            .init("max_distance_km", .nullable(.anyNumber)), .init("required_interests", .array(.text(), maximumCount: 50)),
            .init("excluded_interests", .array(.text(), maximumCount: 50)), .init("intent", .nullable(.choice(intents))),
            .init("visibility", .choice(["visible", "paused"])),
        ]))

    /// - Throws: ``APIError`` 422 for what contradicts itself.
    static func preferences(_ body: JSONValue) throws(APIError) -> Preferences {
        let genders = Set((body["genders"]?.array ?? []).compactMap { $0.string.flatMap { Gender(rawValue: $0) } })
        let preferences = Preferences(
            genders: Gender.allCases.filter(genders.contains), minimumAge: body["min_age"]?.integer.map { Int($0) },
            maximumAge: body["max_age"]?.integer.map { Int($0) }, maximumDistance: body["max_distance_km"]?.double,
            requiredInterests: Self.interests(body["required_interests"]), excludedInterests: Self.interests(body["excluded_interests"]),
            intent: body["intent"]?.string.flatMap { Intent(rawValue: $0) }, isPaused: body["visibility"]?.string == "paused")
        if let minimum = preferences.minimumAge, let maximum = preferences.maximumAge, minimum > maximum {
            throw .invalid([.init([.name("body"), .name("min_age")], "must not be larger than max_age", type: "value_error")])
        }
        let required = Set(preferences.requiredInterests.map { $0.lowercased() })
        let faults = (body["excluded_interests"]?.array ?? []).enumerated().compactMap { index, value -> APIError.Field? in
            guard let name = value.string?.trimmingBlanks.lowercased(), required.contains(name) else { return nil }
            return .init(
                [.name("body"), .name("excluded_interests"), .index(index)], "must not be required as well", type: "value_error")
        }
        guard faults.isEmpty else { throw .invalid(faults) }
        return preferences
    }

    /// Stripped, without repetitions in any case, in the order given.
    private static func interests(_ value: JSONValue?) -> [String] {
        var seen: Set<String> = []
        return (value?.array ?? []).compactMap { $0.string?.trimmingBlanks }.filter { seen.insert($0.lowercased()).inserted }
    }
}
