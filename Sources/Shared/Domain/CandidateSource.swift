/// A strategy of stage 1 that proposes people.
public enum CandidateSource: UInt8, CaseIterable, Hashable, Sendable {
    case collaborative, content, social, nearby, popular, exploration

    /// As shown to clients and in metrics.
    public var name: String {
        switch self {
        case .collaborative: "collaborative"
        case .content: "content"
        case .social: "social"
        case .nearby: "nearby"
        case .popular: "popular"
        case .exploration: "exploration"
        }
    }
}

/// The sources that proposed one candidate.
public struct CandidateSources: OptionSet, Hashable, Sendable {
    public let rawValue: UInt32
    public init(rawValue: UInt32) { self.rawValue = rawValue }
    public init(_ source: CandidateSource) { self.rawValue = 1 << UInt32(source.rawValue) }

    public var names: [String] {
        CandidateSource.allCases.filter { self.contains(CandidateSources($0)) }.map(\.name)
    }
}
