import Domain
import Features
import Mesh
import MeshAPI
import RankingSvcCore
import Synchronization
import TestKit
import Testing

/// A clock that tests move.
final class Clock: Sendable {
    private let instant = Mutex(ContinuousClock.now)

    var now: ContinuousClock.Instant { self.instant.withLock { $0 } }
    func advance(_ duration: Duration) { self.instant.withLock { $0 += duration } }
}

@Suite("Features of a moment ago")
struct NearFeaturesTests {
    let fixture = Fixture()
    let features = FakeFeatures(Fixture.people)
    let clock = Clock()

    func server(_ versions: String...) async throws -> RankingServer {
        let registered = try await self.fixture.registry.models().map(\.version)
        for version in versions where !registered.contains(version) { try await self.fixture.register(self.fixture.model(version)) }
        let models = self.fixture.store()
        try await models.refresh()
        return self.fixture.server(models, self.features, clock: { self.clock.now })
    }

    /// Whom the last call fetched.
    var fetched: [UInt64]? { self.features.requests.withLock { $0.last?.userIDs } }

    @Test("Calls in quick succession fetch each candidate once, the viewer always; what they answer is the same")
    func repeated() async throws {
        let server = try await self.server("a")
        let request = RankRequest(userID: 1, candidateIDs: [5, 9, 3, 500], explain: true)
        let first = try await server.rank(request, context: context)
        #expect(self.fetched == [1, 5, 9, 3, 500])
        let second = try await server.rank(request, context: context)
        #expect(self.fetched == [1, 500])
        #expect(first == second && second.unknown == 1)
        let other = RankRequest(userID: 9, candidateIDs: [1, 3, 7])
        let mixed = try await server.rank(other, context: context)
        #expect(self.fetched == [9, 1, 7], "Neither viewer is taken from what was fetched for them as such.")
        let fresh = try await self.server("a").rank(other, context: context)
        #expect(mixed == fresh)
    }

    @Test(
        "No candidate is older than four minutes, however often they are asked for, and while they are nobody waits for them", .timeLimit(.minutes(1))
    )
    func lifetime() async throws {
        let server = try await self.server("a")
        var last: [UInt64: ContinuousClock.Instant] = [:]
        for step in 0..<200 {
            let candidates = (2...20).filter { (UInt64(step) + $0) % 3 != 0 }
            let seen = self.features.requests.withLock { $0.count }
            _ = try await server.rank(RankRequest(userID: 1, candidateIDs: candidates), context: context)
            // Those for whom the call waited come first: the viewer is among them.
            let waited = try #require(self.features.requests.withLock { $0[seen...].first { $0.userIDs.contains(1) } })
            for id in waited.userIDs { last[id] = self.clock.now }
            if step > 1 { #expect(waited.userIDs == [1]) }
            for id in candidates {
                let age = try #require(last[id]).duration(to: self.clock.now)
                #expect(age < .seconds(240))
            }
            await server.settle()
            for renewed in self.features.requests.withLock({ $0[seen...].filter { !$0.userIDs.contains(1) } }) {
                for id in renewed.userIDs { last[id] = self.clock.now }
            }
            self.clock.advance(.milliseconds(8400 + 1560 * (step % 17)))
        }
        #expect(self.features.requests.withLock { $0.reduce(0) { $0 + $1.userIDs.count } } < 200 * 10)
    }

    @Test("Candidates who grow old are fetched again beside the call, once; if that fails they serve on until they are too old")
    func renewal() async throws {
        let server = try await self.server("a")
        let request = RankRequest(userID: 1, candidateIDs: [5, 9])
        /// Whom a call and what it began fetched: for the call, then beside it.
        func fetches() async throws -> [[UInt64]] {
            let seen = self.features.requests.withLock { $0.count }
            _ = try await server.rank(request, context: context)
            await server.settle()
            return self.features.requests.withLock { $0[seen...].map(\.userIDs).sorted { $0[0] < $1[0] } }
        }
        #expect(try await fetches() == [[1, 5, 9]])
        let before = try await server.rank(request, context: context)
        self.clock.advance(.seconds(119))
        #expect(try await fetches() == [[1]])
        self.clock.advance(.seconds(1))
        #expect(try await fetches() == [[1], [5, 9]])
        self.clock.advance(.seconds(119))
        #expect(try await fetches() == [[1]], "Renewed, they are young.")
        self.clock.advance(.seconds(1))
        self.features.people.withLock { $0[5] = $0[20] }
        self.features.setFailing(ids: [5, 9])
        #expect(try await fetches() == [[1], [5, 9]])
        self.clock.advance(.seconds(119))
        #expect(try await server.rank(request, context: context) == before)
        await server.settle()
        self.clock.advance(.seconds(1))
        await #expect(throws: MeshError.self) { try await server.rank(request, context: context) }
        self.features.setFailing(ids: [])
        #expect(try await server.rank(request, context: context) != before)
    }

    @Test("What changed shows at once for a viewer, and after four minutes for a candidate")
    func changes() async throws {
        let server = try await self.server("a")
        let request = RankRequest(userID: 1, candidateIDs: [5, 9])
        let before = try await server.rank(request, context: context)
        self.features.people.withLock { $0[5] = $0[20] }
        #expect(try await server.rank(request, context: context) == before)
        self.clock.advance(.seconds(240))
        let after = try await server.rank(request, context: context)
        #expect(after.userIDs == [5, 9] && before.userIDs == [9, 5])
        self.features.people.withLock { $0[1] = $0[2] }
        #expect(try await server.rank(request, context: context).scores != after.scores)
        self.features.people.withLock { $0[1] = nil }
        await #expect(throws: MeshError.self) { try await server.rank(request, context: context) }
    }

    @Test("Models have factors of their own: rows of one version aren't taken for another")
    func versions() async throws {
        let server = try await self.server("a", "b", "c", "d")
        for round in 0..<3 {
            for version in ["a", "b", "c"] {
                _ = try await server.rank(RankRequest(userID: 1, candidateIDs: [5], modelVersion: version), context: context)
                #expect(self.fetched == (round == 0 ? [1, 5] : [1]))
            }
        }
        _ = try await server.rank(RankRequest(userID: 1, candidateIDs: [5], modelVersion: "d"), context: context)
        #expect(self.fetched == [1, 5])
        _ = try await server.rank(RankRequest(userID: 1, candidateIDs: [5], modelVersion: "a"), context: context)
        #expect(self.fetched == [1, 5], "Three versions are held beside each other.")
    }

    @Test("A viewer's row that the caller brought is used as it is, and saves the call where the candidates are at hand")
    func broughtAlong() async throws {
        let server = try await self.server("a")
        var request = RankRequest(userID: 1, candidateIDs: [5, 9, 3], explain: true)
        let first = try await server.rank(request, context: context)
        #expect(Int(first.schemaVersion) == PersonSchema.version && first.embeddingVersion == "e-a")
        var row: [UInt32] = []
        try #require(Fixture.people[1]).write(to: &row, dimension: 2)
        request.viewer = ViewerFeatures(schemaVersion: first.schemaVersion, embeddingVersion: first.embeddingVersion, row: row)
        let calls = self.features.requests.withLock { $0.count }
        #expect(try await server.rank(request, context: context) == first)
        #expect(self.features.requests.withLock { $0.count } == calls)
        request.candidateIDs.append(7)
        _ = try await server.rank(request, context: context)
        #expect(self.fetched == [7])
    }

    @Test(
        "A row of other versions, of nobody or of rubbish is not used",
        arguments: [
            ViewerFeatures(schemaVersion: 99, embeddingVersion: "e-a", row: []),
            ViewerFeatures(schemaVersion: UInt32(PersonSchema.version), embeddingVersion: "e-b", row: []),
            ViewerFeatures(schemaVersion: UInt32(PersonSchema.version), embeddingVersion: "e-a", row: [PersonRow.absent]),
            ViewerFeatures(schemaVersion: UInt32(PersonSchema.version), embeddingVersion: "e-a", row: [1, 2, 3]),
            ViewerFeatures(schemaVersion: UInt32(PersonSchema.version), embeddingVersion: "e-a", row: []),
        ])
    func useless(brought: ViewerFeatures) async throws {
        var brought = brought
        // Right in itself where only its versions are wrong.
        if brought.row.isEmpty, brought.schemaVersion == 99 || brought.embeddingVersion == "e-b" {
            try #require(Fixture.people[1]).write(to: &brought.row, dimension: 2)
        }
        let server = try await self.server("a")
        let request = RankRequest(userID: 1, candidateIDs: [5, 9])
        let expected = try await server.rank(request, context: context)
        var bringing = request
        bringing.viewer = brought
        #expect(try await server.rank(bringing, context: context) == expected)
        #expect(self.fetched == [1])
    }
}
