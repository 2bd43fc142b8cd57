/// The factors of one person under one model: who they like (`source`) and who likes them (`target`).
public struct Embedding: Hashable, Sendable {
    public var userID: UserID
    public var source: [Float]
    public var target: [Float]

    public init(userID: UserID, source: [Float], target: [Float]) {
        self.userID = userID
        self.source = source
        self.target = target
    }
}

/// Factors by model version (`user_embeddings`).
public protocol EmbeddingRepository: Sendable {
    /// Streams every embedding of a version in ascending order of person, in chunks.
    func forEach(version: String, _ body: @Sendable ([Embedding]) async throws -> Void) async throws
    func embeddings(of ids: [UserID], version: String) async throws(RepositoryError) -> [Embedding]
    /// Adds the embeddings of a version that is not registered yet.
    func store(_ embeddings: [Embedding], version: String) async throws(RepositoryError)
    /// Removes all embeddings of a version. Without any, does nothing.
    func remove(version: String) async throws(RepositoryError)
}
