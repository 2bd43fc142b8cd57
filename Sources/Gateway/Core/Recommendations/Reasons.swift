/// Sentences for what speaks for a person most.
///
/// Only terms of this table are put into words. Those that say what the other person does, likes or seeks are left out: they are theirs.
enum Reasons {
    private static let sentences: [String: String] = [
        "collaborative_score": "Fits the taste that your likes show",
        "collaborative_cosine": "Fits the taste that your likes show",
        "liked_age_gap": "Has an age that you tend to like",
        "age_difference": "Is close to you in age",
        "distance": "Lives nearer to you than most",
        "same_place": "Is from the same place as you",
        "interest_overlap": "Shares interests with you",
        "shared_interests": "Shares interests with you",
        "bio_similarity": "Describes themself in words like yours",
        "recency_gap": "Was active lately",
        "novelty_gap": "Is new here",
    ]

    /// Three at most, strongest first; one at least.
    static func sentences(for breakdown: ScoreBreakdown, termNames: [String]) -> [String] {
        let strongest = zip(termNames, breakdown.contributions).filter { $0.1 > 0.01 }.sorted { ($0.1, $1.0) > ($1.1, $0.0) }
        var found: [String] = []
        for (name, _) in strongest {
            guard let sentence = Self.sentences[name], !found.contains(sentence) else { continue }
            found.append(sentence)
            if found.count == 3 { break }
        }
        return found.isEmpty ? ["Might widen your choice"] : found
    }
}
