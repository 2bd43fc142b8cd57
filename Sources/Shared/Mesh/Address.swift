/// Where a server listens, as nng writes it: `ipc:///path`, `inproc://name`, `tcp://host:port` or `tls+tcp://host:port`.
struct Address {
    private let text: String

    init(_ text: String) {
        self.text = text
    }

    /// Both ends run on one kernel and so share the monotonic clock.
    var isLocal: Bool { self.text.hasPrefix("ipc://") || self.text.hasPrefix("inproc://") || self.text.hasPrefix("abstract://") }

    var isSecured: Bool { self.text.hasPrefix("tls+tcp") }

    var scheme: Substring { self.text.prefix { $0 != ":" } }

    /// Host and port of a TCP address; an IPv6 host without its brackets. `nil` for others.
    var hostAndPort: (host: Substring, port: Substring)? {
        guard !self.isLocal, let slashes = self.text.firstRange(of: "://"), let colon = self.text.lastIndex(of: ":"),
            colon >= slashes.upperBound
        else { return nil }
        var host = self.text[slashes.upperBound..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") { host = host.dropFirst().dropLast() }
        return (host, self.text[self.text.index(after: colon)...])
    }
}
