internal import Domain
internal import Synchronization

/// The text of the `Date` header (RFC 9110 §5.6.7), made once a second.
final class HTTPDate: Sendable {
    private let cached = Mutex<(second: Int64, text: String)>((Int64.min, ""))

    func text(at moment: Timestamp) -> String {
        let second = moment.rawValue / 1_000_000
        return self.cached.withLock { cached in
            if cached.second != second { cached = (second, Self.format(moment, second)) }
            return cached.text
        }
    }

    private static func format(_ moment: Timestamp, _ second: Int64) -> String {
        // 1970-01-01 was a Thursday.
        let weekday = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"][Int((second / 86_400) % 7)]
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        let iso = moment.iso8601
        let parts = iso.prefix(10).split(separator: "-")
        let month = months[(Int(parts[1]) ?? 1) - 1]
        return "\(weekday), \(parts[2]) \(month) \(parts[0]) \(iso.dropFirst(11).prefix(8)) GMT"
    }
}
