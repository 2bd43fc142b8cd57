internal import Glibc

/// Conditional logit (McFadden 1974): the weights under which the chosen alternatives of each group are likeliest,
/// P(choice) = softmax over the group's alternatives.
enum ConditionalLogit {
    /// The alternatives of one person.
    struct Group: Sendable {
        /// Row-major, one row an alternative.
        var features: [Float]
        var chosen: [Bool]
    }

    /// Minimises the mean negative log-likelihood of the choices + l2/2 · ‖β‖². Groups without a choice say nothing.
    static func fit(_ groups: [Group], width: Int, l2: Double) -> [Double] {
        let total = Double(groups.reduce(0) { $0 + $1.chosen.count { $0 } })
        guard total > 0 else { return [Double](repeating: 0, count: width) }
        return LBFGS.minimize(from: [Double](repeating: 0, count: width)) { point, gradient in
            for index in 0..<width { gradient[index] = l2 * point[index] }
            var loss = l2 / 2 * point.reduce(0) { $0 + $1 * $1 }
            for group in groups { loss += Self.add(group, point, total, &gradient) }
            return loss
        }.point
    }

    private static func add(_ group: Group, _ point: [Double], _ total: Double, _ gradient: inout [Double]) -> Double {
        let choices = Double(group.chosen.count { $0 })
        guard choices > 0 else { return 0 }
        let width = point.count
        let features = group.features.span
        var scores = [Double](repeating: 0, count: group.chosen.count)
        for index in scores.indices {
            for feature in 0..<width { scores[index] += point[feature] * Double(features[index * width + feature]) }
        }
        let largest = scores.max() ?? 0
        let partition = scores.reduce(0) { $0 + exp($1 - largest) }
        var loss = choices * (largest + log(partition))
        for index in scores.indices {
            let probability = exp(scores[index] - largest) / partition
            let excess = (choices * probability - (group.chosen[index] ? 1 : 0)) / total
            if group.chosen[index] { loss -= scores[index] }
            for feature in 0..<width { gradient[feature] += excess * Double(features[index * width + feature]) }
        }
        return loss / total
    }
}
