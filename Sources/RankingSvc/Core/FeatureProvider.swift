package import Mesh
package import MeshAPI

/// Where ranking gets features from.
package protocol FeatureProvider: Sendable {
    func features(_ request: GetFeaturesRequest, deadline: Deadline) async throws(MeshError) -> GetFeaturesResponse
}

/// Features over the mesh; trace and request id are inherited from the call that is being answered.
package struct RemoteFeatures: FeatureProvider {
    private let client: FeatureServiceClient

    package init(_ client: FeatureServiceClient) { self.client = client }

    package func features(_ request: GetFeaturesRequest, deadline: Deadline) async throws(MeshError) -> GetFeaturesResponse {
        try await self.client.getFeatures(request, deadline: deadline)
    }
}
