internal import Domain

/// One page of recommendations, ready to be shown.
struct RecommendedList: Hashable, Sendable {
    struct Entry: Hashable, Sendable {
        var user: User
        /// `nil` where stage 2 was away.
        var matchScore: Double?
        var sources: CandidateSources
        var breakdown: ScoreBreakdown?
    }

    var listID: String
    var requestID: String
    var modelVersion: String
    var entries: [Entry]
    /// Stages that were skipped.
    var degraded: [String]
    var termNames: [String]
    var generationTime: Duration
    var nextCursor: String?
    /// Whether `explanations` is part of the answer.
    var isExplained: Bool
    /// Made for the viewer as they were before their latest change: right, but not worth keeping.
    var isStale = false
}

extension JSONWriter {
    /// The body of the specification with our additions; all keys always present.
    mutating func recommendations(_ list: RecommendedList) {
        self.object { writer in
            writer.key("recommendations")
            writer.array(list.entries) { writer, entry in
                writer.user(entry.user, matchScore: entry.matchScore) { writer in
                    writer.key("sources")
                    writer.array(entry.sources.names) { $0.string($1) }
                }
            }
            writer.key("total_count")
            writer.integer(list.entries.count)
            writer.key("algorithm_version")
            writer.string(list.modelVersion)
            writer.key("generation_time_ms")
            writer.double(list.generationTime.milliseconds, decimals: 3)
            writer.key("request_id")
            writer.string(list.requestID)
            writer.key("list_id")
            writer.string(list.listID)
            writer.key("experiment")
            writer.null()
            writer.key("variant")
            writer.null()
            writer.key("degraded")
            writer.array(list.degraded) { $0.string($1) }
            writer.key("next_cursor")
            writer.optional(list.nextCursor)
            if list.isExplained {
                writer.key("explanations")
                writer.explanations(list)
            }
        }
    }

    private mutating func explanations(_ list: RecommendedList) {
        self.object { writer in
            for entry in list.entries {
                guard let breakdown = entry.breakdown else { continue }
                writer.key(dynamic: entry.user.id.description)
                writer.object { writer in
                    writer.key("user_id")
                    writer.integer(entry.user.id.rawValue)
                    writer.key("score")
                    writer.double(breakdown.score)
                    writer.key("match_score")
                    if let matchScore = entry.matchScore { writer.double(matchScore, decimals: 6) } else { writer.null() }
                    writer.key("reasons")
                    writer.array(Reasons.sentences(for: breakdown, termNames: list.termNames)) { $0.string($1) }
                    writer.key("intercept")
                    writer.double(breakdown.intercept)
                    writer.key("contributing_features")
                    writer.object { writer in
                        for (name, contribution) in zip(list.termNames, breakdown.contributions) {
                            writer.key(dynamic: name)
                            writer.double(contribution)
                        }
                    }
                }
            }
        }
    }
}

/// The shape of the answer, for the API's description.
enum RecommendationJSON {
    private static let entry = Schema.named(
        "Recommendation",
        .object(UserJSON.properties + [.init("sources", .array(.text(), maximumCount: CandidateSource.allCases.count))]))

    /// A model that can be asked for.
    static let model = Schema.named(
        "AlgorithmVersion",
        .object([
            .init("version", .text()), .init("active", .boolean), .init("created_at", .dateTime), .init("schema_version", .anyInteger),
        ]))

    /// Count, mean and quantiles, in milliseconds.
    static let times = Schema.named(
        "Times",
        .object([
            .init("count", .integer(0...Int64.max)), .init("mean", .nullable(.anyNumber)), .init("p50", .nullable(.anyNumber)),
            .init("p95", .nullable(.anyNumber)), .init("p99", .nullable(.anyNumber)),
        ]))

    private static let explanation = Schema.named(
        "Explanation",
        .object([
            .init("user_id", .identifier), .init("score", .probability, "Uncalibrated P(the viewer likes this person)."),
            .init("match_score", .nullable(.probability), "Calibrated probability of a match."),
            .init("reasons", .array(.text(), maximumCount: 3)), .init("intercept", .anyNumber),
            .init("contributing_features", .map(.anyNumber), "Intercept and contributions sum up to logit(score)."),
        ]))

    private static let properties: [Schema.Property] = [
        .init("recommendations", .array(entry, maximumCount: 100)), .init("total_count", .integer(0...100)),
        .init("algorithm_version", .text()), .init("generation_time_ms", .anyNumber), .init("request_id", .text()),
        .init("list_id", .text()), .init("experiment", .nullable(.text())), .init("variant", .nullable(.text())),
        .init("degraded", .array(.text(), maximumCount: 10)), .init("next_cursor", .nullable(.text())),
    ]

    static let list = Schema.named("Recommendations", .object(properties))
    static let explained = Schema.named("ExplainedRecommendations", .object(properties + [.init("explanations", .map(explanation), "By user id.")]))
}
