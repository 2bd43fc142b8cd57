/// Why a community can't be made or its truth can't be read.
public struct SimulationError: Error, Hashable, Sendable, CustomStringConvertible {
    /// A sentence for a person.
    public let description: String

    public init(_ description: String) { self.description = description }
}
