internal import Domain
internal import LinearMath

/// People two hops away: liked by those who like whom the viewer likes, and mutual likes of the viewer's mutual likes.
///
/// Who likes the viewer plays no part: being proposed must not give it away.
struct SocialStrategy: CandidateStrategy {
    let source = CandidateSource.social
    /// Most of the viewer's latest likes, of the likers of each, and of the likes of each of those that are looked at.
    var fanOut = (likes: 32, likers: 32, onward: 32)
    /// Most likers whose likes are followed, nearest in taste first.
    var neighbours = 64
    /// Weight of a friend of a friend beside a full-weight neighbour's like.
    var friendWeight: Float = 1

    func propose(_ count: Int, for query: StrategyQuery, in state: borrowing CandidateState, _ scratch: inout Scratch) -> [Hit] {
        guard let viewer = query.viewer else { return [] }
        let likes = Self.latest(self.fanOut.likes, of: state.opinions.outgoing[viewer])
        guard !likes.isEmpty else { return [] }
        let neighbours = self.neighbours(of: viewer, likes: likes, in: state, &scratch)
        for neighbour in neighbours {
            let onward = Self.latest(self.fanOut.onward, of: state.opinions.outgoing[Int(neighbour.row)])
            let weight = neighbour.score / Float(onward.count).squareRoot()
            for row in onward { scratch.add(weight, to: row) }
        }
        self.addFriendsOfFriends(of: viewer, likes: likes, in: state, &scratch)
        defer { scratch.clear() }
        var best = TopK(capacity: count)
        for row in scratch.touched where query.eligibility.preferred[Int(row)] {
            best.push(row: row, score: scratch.scores[Int(row)])
        }
        return best.sorted()
    }

    /// Those who like the same people, weighted so that agreeing on somebody whom few like counts more (Adamic & Adar 2003).
    private func neighbours(
        of viewer: Int, likes: [Int], in state: borrowing CandidateState, _ scratch: inout Scratch
    ) -> [Hit] {
        for liked in likes {
            let incoming = state.opinions.incoming[liked]
            let weight = 1 / Float(1 + incoming.count).squareRoot()
            for row in Self.latest(self.fanOut.likers, of: incoming) where row != viewer { scratch.add(weight, to: row) }
        }
        var best = TopK(capacity: self.neighbours)
        for row in scratch.touched { best.push(row: row, score: scratch.scores[Int(row)]) }
        scratch.clear()
        return best.sorted()
    }

    private func addFriendsOfFriends(
        of viewer: Int, likes: [Int], in state: borrowing CandidateState, _ scratch: inout Scratch
    ) {
        for friend in likes where Self.likes(friend, viewer, in: state) {
            let theirs = Self.latest(self.fanOut.onward, of: state.opinions.outgoing[friend])
            let weight = self.friendWeight / Float(max(1, theirs.count)).squareRoot()
            for other in theirs where other != viewer && Self.likes(other, friend, in: state) { scratch.add(weight, to: other) }
        }
    }

    private static func likes(_ one: Int, _ other: Int, in state: borrowing CandidateState) -> Bool {
        state.opinions.edge(from: one, to: other)?.isPositive ?? false
    }

    /// The other ends of the latest positive edges, in no order.
    private static func latest(_ count: Int, of edges: [Edge]) -> [Int] {
        var rows: [Int] = []
        guard edges.count > count else {
            for edge in edges where edge.isPositive { rows.append(edge.row) }
            return rows
        }
        // Times as floats are good to two minutes: enough to tell which likes are old.
        var latest = TopK(capacity: count)
        for edge in edges where edge.isPositive { latest.push(row: Int32(edge.row), score: Float(edge.time)) }
        for hit in latest.sorted() { rows.append(Int(hit.row)) }
        return rows
    }
}
