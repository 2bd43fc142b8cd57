public import Domain

/// A person of the demo community with all that nobody can see: the truth that a recommender tries to learn.
public struct SimulatedPerson: Hashable, Sendable {
    /// Dimensions of character and taste.
    public static let traitCount = 8

    public var id: UserID
    public var age: Int
    public var gender: Gender
    /// Genders that this person seeks.
    public var seeks: Set<Gender>
    public var coordinate: Coordinate
    /// Indices into the vocabulary of interests, ascending.
    public var interests: [Int]
    /// Who they are.
    public var traits: [Float]
    /// Whom they like: the direction of traits that pleases them.
    public var taste: [Float]
    /// How much everybody likes them, mean 0, standard deviation 1.
    public var attractiveness: Float
    /// How hard they are to please; the utility at which they like every other person.
    public var choosiness: Float
    /// Age that they like best, in years, and how far from it they go.
    public var preferredAge: Float
    public var ageTolerance: Float
    /// Relative number of interactions.
    public var activity: Float

    /// Whether each seeks the other's gender.
    public func isCompatible(with other: SimulatedPerson) -> Bool {
        self.id != other.id && self.seeks.contains(other.gender) && other.seeks.contains(self.gender)
    }
}
