internal import Domain
internal import HTTPTypes

/// Where a further page starts. Opaque to clients.
enum PageCursor: Hashable {
    case after(UserID)
    /// Of a list that is ordered by time, newest first: rows that are added meanwhile come before it and move nothing.
    case mark(PageMark)

    init?(_ text: String) {
        if text.first == "m" {
            let parts = text.dropFirst().split(separator: ".", omittingEmptySubsequences: false).map { Int64($0) }
            guard parts.count == 2, let time = parts[0], let id = parts[1], (0...4_000_000_000_000_000).contains(time), id > 0 else { return nil }
            self = .mark(PageMark(time: Timestamp(microseconds: time), id: id))
            return
        }
        guard let kind = text.first, let value = Int64(text.dropFirst()), value >= 0 else { return nil }
        switch kind {
        case "a": self = .after(UserID(value))
        default: return nil
        }
    }

    var text: String {
        switch self {
        case .after(let id): "a\(id)"
        case .mark(let mark): "m\(mark.time.rawValue).\(mark.id)"
        }
    }
}

/// Headers that lead to the next page of a list.
enum Pagination {
    static let skip = Parameter.query("skip", .integer(0...1_000_000_000), default: .number("0"), "How many to leave out.")
    static let limit = Parameter.query("limit", .integer(1...1000), default: .number("100"), "How many at most.")
    static let cursor = Parameter.query("cursor", .text(1...4096), "Where the previous page ended: its X-Next-Cursor.")

    /// - Parameter target: The request's own path and query.
    static func headers(next cursor: String?, target: String) -> HTTPFields {
        guard let cursor else { return [:] }
        return [.nextCursor: cursor, .link: "<\(Self.link(to: cursor, from: target))>; rel=\"next\""]
    }

    private static func link(to cursor: String, from target: String) -> String {
        let parts = target.split(separator: "?", maxSplits: 1)
        let kept = (parts.count > 1 ? parts[1] : "").split(separator: "&").filter { pair in
            let name = pair.prefix { $0 != "=" }
            return name != "cursor" && name != "skip"
        }
        // A target is the client's own text: what would end the link early is taken out of it.
        let path = String(parts.first ?? "/").filter { $0 != ">" && $0 != "<" }
        let query = (kept.map { $0.filter { $0 != ">" && $0 != "<" } } + ["cursor=\(cursor)"]).joined(separator: "&")
        return "\(path)?\(query)"
    }
}
