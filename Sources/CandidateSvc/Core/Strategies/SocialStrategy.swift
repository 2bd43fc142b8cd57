internal import Domain
internal import LinearMath

/// People two hops away: liked by those who like whom the viewer likes, and mutual likes of the viewer's mutual likes.
///
/// Of everybody's likes, given and got, the latest ``LatestLikes/limit`` are followed. Who likes the viewer plays no part: being
/// proposed must not give it away.
struct SocialStrategy: CandidateStrategy {
    let source = CandidateSource.social
    /// Most likers whose likes are followed, nearest in taste first.
    var neighbours = 64
    /// Weight of a friend of a friend beside a full-weight neighbour's like.
    var friendWeight: Float = 1

    func propose(_ count: Int, for query: StrategyQuery, in state: borrowing CandidateState, _ scratch: inout Scratch) -> [Hit] {
        guard let viewer = query.viewer else { return [] }
        let likes = state.latestLikes.given[viewer]
        guard !likes.isEmpty else { return [] }
        for neighbour in self.neighbours(of: viewer, likes: likes, in: state, &scratch) {
            let onward = state.latestLikes.given[Int(neighbour.row)]
            scratch.add(neighbour.score / Float(onward.count).squareRoot(), to: onward, except: viewer)
        }
        self.addFriendsOfFriends(of: viewer, likes: likes, in: state, &scratch)
        return scratch.drain(best: count, among: query.eligibility.preferred)
    }

    /// Those who like the same people, weighted so that agreeing on somebody whom few have judged counts more (Adamic & Adar 2003).
    private func neighbours(
        of viewer: Int, likes: [Edge], in state: borrowing CandidateState, _ scratch: inout Scratch
    ) -> [Hit] {
        for liked in likes {
            let weight = 1 / Float(1 + state.opinions.incoming[liked.row].count).squareRoot()
            scratch.add(weight, to: state.latestLikes.received[liked.row], except: viewer)
        }
        return scratch.drain(best: self.neighbours)
    }

    private func addFriendsOfFriends(
        of viewer: Int, likes: [Edge], in state: borrowing CandidateState, _ scratch: inout Scratch
    ) {
        for friend in likes where Self.likes(friend.row, viewer, in: state) {
            let theirs = state.latestLikes.given[friend.row]
            let weight = self.friendWeight / Float(max(1, theirs.count)).squareRoot()
            let mutual = theirs.filter { Self.likes($0.row, friend.row, in: state) }
            scratch.add(weight, to: mutual, except: viewer)
        }
    }

    private static func likes(_ one: Int, _ other: Int, in state: borrowing CandidateState) -> Bool {
        state.opinions.edge(from: one, to: other)?.isPositive ?? false
    }
}
