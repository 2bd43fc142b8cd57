import MeshAPI
import Mesh
import Synchronization

/// Stands in for stage 1.
struct CandidateStub: CandidateServiceHandler {
    let answer: @Sendable (GenerateRequest) async throws -> GenerateResponse

    func generate(_ request: GenerateRequest, context: CallContext) async throws -> GenerateResponse { try await self.answer(request) }
    func why(_ request: WhyRequest, context: CallContext) async throws -> WhyResponse { throw MeshError(.unimplemented) }
    func similar(_ request: SimilarRequest, context: CallContext) async throws -> SimilarResponse { throw MeshError(.unimplemented) }
}

/// Stands in for stage 2.
struct RankingStub: RankingServiceHandler {
    let answer: @Sendable (RankRequest) async throws -> RankResponse

    func rank(_ request: RankRequest, context: CallContext) async throws -> RankResponse { try await self.answer(request) }
    func listModels(_ request: ListModelsRequest, context: CallContext) async throws -> ListModelsResponse { ListModelsResponse() }
}

/// Holds whoever comes until it is opened.
final class Gate: Sendable {
    private struct State {
        var isOpen = false
        var arrivals = 0
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    private let state = Mutex(State())

    /// How many have come.
    var arrivals: Int { self.state.withLock { $0.arrivals } }

    func pass() async {
        await withCheckedContinuation { continuation in
            let isOpen = self.state.withLock { state in
                state.arrivals += 1
                if !state.isOpen { state.waiting.append(continuation) }
                return state.isOpen
            }
            if isOpen { continuation.resume() }
        }
    }

    func open() {
        let waiting = self.state.withLock { state in
            state.isOpen = true
            defer { state.waiting = [] }
            return state.waiting
        }
        for continuation in waiting { continuation.resume() }
    }
}
