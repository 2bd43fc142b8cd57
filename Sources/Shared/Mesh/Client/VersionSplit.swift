/// Shares the calls between versions by their weights, so that a canary gets its share however quick it is.
///
/// Where all replicas weigh the same there is nothing to split: power of two choices among all of them does better.
package struct VersionSplit: Sendable {
    package struct Group: Sendable, Equatable {
        package let version: String
        /// Positions in the list of replicas.
        package let members: [Int]
        package let weight: Double
    }

    /// Two or more, or none.
    package let groups: [Group]
    private let total: Double

    package init(_ replicas: [(version: String, weight: Double)]) {
        var members: [String: [Int]] = [:]
        for (index, replica) in replicas.enumerated() { members[replica.version, default: []].append(index) }
        let isEven = replicas.allSatisfy { $0.weight == replicas[0].weight }
        self.groups =
            isEven || members.count < 2
            ? []
            : members.sorted { $0.key < $1.key }.map { version, members in
                Group(version: version, members: members, weight: members.reduce(0) { $0 + replicas[$1].weight })
            }
        self.total = self.groups.reduce(0) { $0 + $1.weight }
    }

    /// - Returns: `nil` when all versions are alike.
    package func draw(using generator: inout some RandomNumberGenerator) -> Group? {
        guard !self.groups.isEmpty else { return nil }
        var rest = Double.random(in: 0..<self.total, using: &generator)
        for group in self.groups {
            if rest < group.weight { return group }
            rest -= group.weight
        }
        return self.groups.last
    }
}
