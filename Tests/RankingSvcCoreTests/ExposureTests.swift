import Domain
import Mesh
import MeshAPI
import RankingSvcCore
import Telemetry
import Testing

@Suite("Attention shared out in stage 2")
struct ExposureTests {
    private func rank(_ exposure: ExposureSettings, _ change: (inout RankRequest) -> Void) async throws -> [UInt64] {
        let fixture = Fixture()
        try await fixture.register(fixture.model("a"))
        let models = fixture.store()
        try await models.refresh()
        let server = RankingServer(
            models: models, features: FakeFeatures(Fixture.people), exposure: exposure, metrics: MetricsRegistry(), now: { Fixture.now })
        var request = RankRequest(userID: 1, candidateIDs: Array(2...20))
        change(&request)
        return try await server.rank(request, context: context).userIDs
    }

    @Test("Who was shown often today stands behind the others, both parts by score")
    func cap() async throws {
        let plain = try await self.rank(ExposureSettings()) { $0.exposures = [UInt32](repeating: 99, count: 19) }
        let capped = try await self.rank(ExposureSettings(dailyCap: 10)) { request in
            request.exposures = request.candidateIDs.map { $0 % 3 == 0 ? 10 : 9 }
        }
        #expect(plain.count == 19 && Set(capped) == Set(plain))
        #expect(capped == plain.filter { $0 % 3 != 0 } + plain.filter { $0 % 3 == 0 })
        #expect(try await self.rank(ExposureSettings(dailyCap: 10)) { _ in } == plain, "Nobody counted.")
    }

    @Test("Every beginning of the list has its share of newcomers, as far as there are any", arguments: [0.1, 0.25, 0.5, 1])
    func floor(share: Double) async throws {
        let plain = try await self.rank(ExposureSettings()) { _ in }
        let newcomers = Set(plain.suffix(4))
        let ranked = try await self.rank(ExposureSettings(newcomerShare: share)) { request in
            request.exposures = [UInt32](repeating: 0, count: 19)
            request.newcomerIDs = Array(newcomers)
        }
        #expect(Set(ranked) == Set(plain))
        for length in 1...ranked.count {
            let found = ranked.prefix(length).count(where: newcomers.contains)
            #expect(found >= min(4, Int(share * Double(length))), "of the first \(length)")
        }
        #expect(ranked.filter { !newcomers.contains($0) } == plain.filter { !newcomers.contains($0) })
        #expect(ranked.filter(newcomers.contains) == plain.filter(newcomers.contains))
    }
}
