import Logging
import Mesh
import MeshAPI
import Testing

@Suite("Generated services", .timeLimit(.minutes(1)))
struct ServiceTests {
    private struct Handler: CandidateServiceHandler {
        func generate(_ request: GenerateRequest, context: CallContext) async throws -> GenerateResponse {
            GenerateResponse(
                userIDs: [request.userID + 1], modelVersion: context.method, reports: [SourceReport(source: .social, kept: request.limit)])
        }

        func why(_ request: WhyRequest, context: CallContext) async throws -> WhyResponse { WhyResponse(rules: ["self"]) }

        func similar(_ request: SimilarRequest, context: CallContext) async throws -> SimilarResponse {
            throw MeshError(.notFound, "nobody is \(request.userID)")
        }
    }

    private let logger = Logger(label: "mesh-api-tests") { _ in SwiftLogNoOpLogHandler() }

    private func withClient<R>(_ body: (MeshClient) async throws -> R) async throws -> R {
        let address = "inproc://mesh-api-\(UInt32.random(in: .min ... .max))"
        let server = MeshServer(
            service: "candidate", version: "1.2", address: address, methods: CandidateService.methods(Handler()),
            health: { HealthReport(status: .notServing, dependencies: [.init(name: "index", isHealthy: false, detail: "loading")]) },
            logger: self.logger)
        try await server.start()
        let discovery = Discovery(static: [Endpoint(service: "candidate", address: address)])
        let client = MeshClient(service: "candidate", discovery: discovery, logger: self.logger)
        do {
            let result = try await body(client)
            await client.shutdown()
            await server.drain()
            return result
        } catch {
            await client.shutdown()
            await server.drain()
            throw error
        }
    }

    @Test("A generated client calls a generated handler")
    func call() async throws {
        try await self.withClient { client in
            let request = GenerateRequest(userID: 41, limit: 3)
            let response = try await CandidateServiceClient(client).generate(request, deadline: .after(.seconds(20)))
            #expect(response.userIDs == [42])
            #expect(response.modelVersion == "duet.candidate.v1.CandidateService/Generate")
            #expect(response.reports == [SourceReport(source: .social, kept: 3)])
            let error = await #expect(throws: MeshError.self) {
                try await CandidateServiceClient(client).similar(SimilarRequest(userID: 9), deadline: .after(.seconds(20)))
            }
            #expect(error?.code == .notFound)
            #expect(error?.message == "nobody is 9")
        }
    }

    @Test("Every server answers for its health, in the generated form")
    func health() async throws {
        try await self.withClient { client in
            let response = try await HealthServiceClient(client).check(CheckRequest(), deadline: .after(.seconds(20)))
            #expect(response.status == .notServing)
            #expect(response.service == "candidate")
            #expect(response.version == "1.2")
            #expect(response.pid > 0)
            #expect(response.inFlight == 1)
            #expect(response.dependencies == [Dependency(name: "index", healthy: false, detail: "loading")])
        }
    }

    @Test("A request that isn't such a message is an invalid argument")
    func garbage() async throws {
        try await self.withClient { client in
            // A Filter's text in the place of the request's fixed64.
            let error = await #expect(throws: MeshError.self) {
                let _: GenerateResponse = try await client.call(
                    CandidateService.generate, Dependency(name: "abc"), deadline: .after(.seconds(20)))
            }
            #expect(error?.code == .invalidArgument)
        }
    }

    @Test("The method options of the .proto are in the table")
    func options() {
        let rank = RankingService.rank
        #expect(rank.isIdempotent && rank.hedges && !rank.isHeavy)
        #expect(rank.timeout == .milliseconds(250))
        #expect(rank.fullName == "duet.ranking.v1.RankingService/Rank")
        #expect(CandidateService.generate.isHeavy && !RankingService.listModels.isHeavy)
        let all = CandidateService.descriptors + FeatureService.descriptors + RankingService.descriptors + HealthService.descriptors
        #expect(Set(all.map(\.id)).count == all.count)
    }
}
