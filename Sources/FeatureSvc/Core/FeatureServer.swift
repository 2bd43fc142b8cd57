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
        let ids = request.userIDs.compactMap { Int64(exactly: $0).map { UserID($0) } }
        let columns = try await Self.translatingErrors { try await self.store.columns(of: ids, embedding: request.embeddingVersion) }
        self.store.metrics.calls.increment()
        self.store.metrics.seconds.observe(start.duration(to: .now))
        return GetFeaturesResponse(
            userIDs: columns.people.map { UInt64(bitPattern: $0.rawValue) }, schemaVersion: UInt32(PersonSchema.version),
            width: UInt32(PersonSchema.width), values: columns.values, dimension: UInt32(columns.dimension),
            sourceFactors: columns.sourceFactors, targetFactors: columns.targetFactors, interestCounts: columns.interestCounts,
            interests: columns.interests, termCounts: columns.termCounts, terms: columns.terms, embeddingVersion: columns.embeddingVersion)
    }

    package func describeFeatures(
        _ request: DescribeFeaturesRequest, context: CallContext
    ) async throws -> DescribeFeaturesResponse {
        guard let id = Int64(exactly: request.userID), id > 0 else {
            throw MeshError(.invalidArgument, "A person's id must be positive.")
        }
        self.store.metrics.describeCalls.increment()
        let entry = try await Self.translatingErrors { try await self.store.describe(UserID(id)) }
        guard let entry else { return DescribeFeaturesResponse(found: false, schemaVersion: UInt32(PersonSchema.version)) }
        return DescribeFeaturesResponse(
            found: true, schemaVersion: UInt32(PersonSchema.version), names: PersonSchema.schema.names,
            values: entry.features.values.map(Double.init), computedAt: entry.computedAt.rawValue)
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
