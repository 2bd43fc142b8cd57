/// Where connections come from.
public enum ListeningSocket: Hashable, Sendable {
    /// A socket that is bound and listening already, handed down by whoever started this process.
    case inherited(CInt)
    case address(host: String, port: Int)

    /// The socket that a supervisor hands down in the way of systemd (`sd_listen_fds(3)`), else an address of our own.
    ///
    /// - Parameter environment: Looks up an environment variable.
    /// - Throws: ``ListeningError`` if more than one socket was handed down, or the number is none.
    public static func resolved(
        environment: (String) -> String?, processID: Int32, host: String, port: Int
    ) throws(ListeningError) -> ListeningSocket {
        guard let count = environment("LISTEN_FDS") else { return .address(host: host, port: port) }
        if let owner = environment("LISTEN_PID"), Int32(owner) != processID { return .address(host: host, port: port) }
        guard count == "1" else { throw ListeningError(description: "LISTEN_FDS is \(count); this process takes one socket.") }
        return .inherited(3)
    }
}

/// Why there is nothing to listen on.
public struct ListeningError: Error, Hashable, Sendable, CustomStringConvertible {
    public let description: String
}
