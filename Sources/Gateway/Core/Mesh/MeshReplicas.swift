public import Domain
public import Mesh
internal import MeshAPI
public import Logging

/// Asks replicas over the mesh, each by itself.
public struct MeshReplicas: ReplicaDirectory {
    private static let patience: Duration = .milliseconds(500)

    private let discovery: Discovery
    private let clients: [(service: String, client: MeshClient)]
    private let logger: Logger

    /// - Parameter clients: One a service, by its name in the directory.
    public init(discovery: Discovery, clients: [(service: String, client: MeshClient)], logger: Logger) {
        self.discovery = discovery
        self.clients = clients
        self.logger = logger
    }

    public var replicas: [MeshReplica] {
        self.clients.flatMap { service, client in
            client.state.map { replica in
                MeshReplica(
                    service: service, name: replica.name, processID: replica.pid, version: replica.version, inFlight: replica.inFlight,
                    latency: replica.latency, isReady: replica.isReady)
            }
        }
    }

    public func holders(of user: UserID) async -> [String] {
        var holders: [String] = []
        for endpoint in self.discovery.endpoints(of: "candidate") where await self.asked(endpoint, { try await Self.isCandidate(user, $0) }) {
            holders.append(endpoint.name)
        }
        for endpoint in self.discovery.endpoints(of: "feature") where await self.asked(endpoint, { try await Self.hasFeatures(user, $0) }) {
            holders.append(endpoint.name)
        }
        return holders
    }

    /// Stage 1 answers for somebody it doesn't know that they don't exist.
    private static func isCandidate(_ user: UserID, _ client: MeshClient) async throws -> Bool {
        let request = GenerateRequest(userID: UInt64(user.rawValue), limit: 1)
        do {
            _ = try await CandidateServiceClient(client).generate(request, deadline: .after(Self.patience))
            return true
        } catch  where error.code == .notFound {
            return false
        }
    }

    private static func hasFeatures(_ user: UserID, _ client: MeshClient) async throws -> Bool {
        let request = DescribeFeaturesRequest(userID: UInt64(user.rawValue))
        return try await FeatureServiceClient(client).describeFeatures(request, deadline: .after(Self.patience)).found
    }

    /// Calls one replica; a failure counts as a yes.
    private func asked(_ endpoint: Endpoint, _ question: (MeshClient) async throws -> Bool) async -> Bool {
        let client = MeshClient(service: endpoint.service, discovery: Discovery(static: [endpoint]), logger: self.logger)
        var isHolder = true
        do {
            try await client.waitUntil(deadline: .after(Self.patience)) { $0.contains(where: \.isReady) }
            isHolder = try await question(client)
        } catch {
            self.logger.debug("A replica could not be asked", metadata: ["replica": "\(endpoint.name)", "error": "\(error)"])
        }
        await client.shutdown()
        return isHolder
    }
}
