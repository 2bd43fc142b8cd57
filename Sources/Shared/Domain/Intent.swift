/// What somebody looks for.
public enum Intent: String, CaseIterable, Hashable, Sendable {
    case dating, friendship, mentoring, cofounding

    /// A dense code for columns, never reused: 0…3.
    public var index: Int {
        switch self {
        case .dating: 0
        case .friendship: 1
        case .mentoring: 2
        case .cofounding: 3
        }
    }
}
