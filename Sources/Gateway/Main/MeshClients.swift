import GatewayCore
import Mesh
import MeshAPI
import ServiceRuntime

/// The services behind the gateway.
struct MeshClients: Sendable {
    private let clients: [(check: String, client: MeshClient)]
    let candidates: MeshCandidates
    let ranking: MeshRanking
    let replicas: MeshReplicas
    let observer: MeshObserver

    init(_ runtime: ProcessRuntime) throws {
        let discovery = try runtime.discovery()
        runtime.onShutdown("discovery") { discovery.shutdown() }
        let candidate = runtime.meshClient(of: "candidate", discovery: discovery)
        let ranking = runtime.meshClient(of: "ranking", discovery: discovery)
        let feature = runtime.meshClient(of: "feature", discovery: discovery)
        self.candidates = MeshCandidates(CandidateServiceClient(candidate))
        self.ranking = MeshRanking(RankingServiceClient(ranking), features: FeatureServiceClient(feature))
        self.replicas = MeshReplicas(
            discovery: discovery, clients: [("candidate", candidate), ("feature", feature), ("ranking", ranking)], logger: runtime.logger)
        let observer = MeshObserver(discovery: discovery, logger: runtime.logger)
        self.observer = observer
        runtime.onShutdown("mesh observer") { await observer.shutdown() }
        self.clients = [
            (DependencyMonitor.Name.candidates, candidate), (DependencyMonitor.Name.ranking, ranking),
            (DependencyMonitor.Name.features, feature),
        ]
    }

    /// Adds a check a service: some replica of it says that it serves.
    func addChecks(to checks: HealthChecks, timeout: Duration) {
        for (name, client) in self.clients {
            checks.add(name, timeout: timeout) {
                let answer = try await HealthServiceClient(client).check(CheckRequest(), deadline: .after(timeout))
                guard answer.status == .serving else {
                    throw MeshError(.unavailable, "\(answer.status)")
                }
            }
        }
    }
}
