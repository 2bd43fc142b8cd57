internal import Domain
internal import Features
package import Mesh
package import MeshAPI
internal import Telemetry

/// Answers the calls of `FeatureService`.
package struct FeatureServer: FeatureServiceHandler {
    /// Most people that one call may ask for.
    package static let limit = 5000

    private let store: FeatureStore

    package init(store: FeatureStore) { self.store = store }

    package func getFeatures(_ request: GetFeaturesRequest, context: CallContext) async throws -> GetFeaturesResponse {
        let start = ContinuousClock.now
        guard Int(request.schemaVersion) == PersonSchema.version else {
            throw MeshError(
                .failedPrecondition,
                "Person schema \(request.schemaVersion) can't be computed; this server computes \(PersonSchema.version).")
        }
        guard request.userIDs.count <= Self.limit else {
            throw MeshError(.invalidArgument, "A call may ask for at most \(Self.limit) people.")
        }
        let rows = try await Self.translatingErrors {
            try await self.store.rows(of: request.userIDs, embedding: request.embeddingVersion)
        }
        self.store.metrics.calls.increment()
        self.store.metrics.seconds.observe(start.duration(to: .now))
        return GetFeaturesResponse(
            schemaVersion: UInt32(PersonSchema.version), embeddingVersion: rows.embeddingVersion, rows: rows.words)
    }

    package func describeFeatures(
        _ request: DescribeFeaturesRequest, context: CallContext
    ) async throws -> DescribeFeaturesResponse {
        guard let id = Int64(exactly: request.userID), id > 0 else {
            throw MeshError(.invalidArgument, "A person's id must be positive.")
        }
        self.store.metrics.describeCalls.increment()
        let found = try await Self.translatingErrors { try await self.store.describe(UserID(id)) }
        guard let found else { return DescribeFeaturesResponse(found: false, schemaVersion: UInt32(PersonSchema.version)) }
        return DescribeFeaturesResponse(
            found: true, schemaVersion: UInt32(PersonSchema.version), names: PersonSchema.schema.names,
            values: found.features.values.map(Double.init), computedAt: found.computedAt.rawValue)
    }

    private static func translatingErrors<Result>(_ body: () async throws -> Result) async throws(MeshError) -> Result {
        do {
            return try await body()
        } catch let error as RepositoryError {
            throw MeshError(
                error.code == .deadlineExceeded ? .deadlineExceeded : .unavailable, "The feature store can't be read: \(error.code).")
        } catch {
            throw MeshError(.internal, "The feature store failed.")
        }
    }
}
