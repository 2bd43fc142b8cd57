public enum Gender: String, CaseIterable, Hashable, Sendable {
    case male, female, other

    /// A dense code for columns and feature vectors: 0, 1, 2.
    public var index: Int {
        switch self {
        case .male: 0
        case .female: 1
        case .other: 2
        }
    }
}
