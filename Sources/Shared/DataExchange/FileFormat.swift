/// How rows are written in a file.
public enum FileFormat: String, CaseIterable, Hashable, Sendable {
    /// Commas, quotes as in RFC 4180.
    case csv
    /// Tabs instead of commas.
    case tsv
    /// One JSON object a line.
    case jsonl

    /// By the ending of the name.
    public init(path: String) throws(ExchangeError) {
        let ending = path.split(separator: "/").last?.split(separator: ".").last?.lowercased()
        switch ending {
        case "csv": self = .csv
        case "tsv": self = .tsv
        case "jsonl", "ndjson": self = .jsonl
        default: throw ExchangeError(.unknownFormat, "\(path): the name must end in .csv, .tsv, .jsonl or .ndjson")
        }
    }
}
