/// The names and the order of a feature vector.
///
/// A model names the schema that it was trained on; a server that computes another version must refuse it.
public struct FeatureSchema: Hashable, Sendable {
    public let version: Int
    /// In the order of the vector; unique.
    public let names: [String]

    public init(version: Int, names: [String]) {
        precondition(Set(names).count == names.count, "A feature schema must not name a feature twice.")
        self.version = version
        self.names = names
    }

    public var width: Int { self.names.count }

    /// Position of a feature, or `nil` if the schema has none of that name.
    public func index(of name: String) -> Int? { self.names.firstIndex(of: name) }
}
