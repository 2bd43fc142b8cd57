internal import HTTPTypes

/// How much of a request's body is still to come when it is answered: a little is read, so that the connection can go on; for the rest a new
/// connection is cheaper.
struct UnreadBody {
    /// Bytes that are read for the connection's sake.
    static let affordable = 64 << 10

    /// `nil` between two requests.
    private var head: HTTPFields?
    private var received = 0

    mutating func begin(_ head: HTTPFields) {
        self.head = head
        self.received = 0
    }

    mutating func read(_ count: Int) { self.received += count }

    mutating func end() { self.head = nil }

    /// Whether more is to come than is worth reading, or nobody knows how much.
    var isTooMuchToRead: Bool {
        guard let head else { return false }
        guard let length = head[.contentLength].flatMap({ Int($0) }) else { return true }
        return length - self.received > Self.affordable
    }
}
