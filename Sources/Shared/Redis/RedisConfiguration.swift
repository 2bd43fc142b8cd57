/// Where a server is and how a client treats it.
public struct RedisConfiguration: Sendable {
    package enum Address: Hashable, Sendable {
        case tcp(host: String, port: Int)
        case unix(path: String)
    }

    package let address: Address
    package let user: String?
    package let password: String?
    package let database: Int

    public var connectTimeout: Duration = .seconds(2)
    /// How long a reply may take. One that takes longer costs the connection: those behind it wait as well.
    public var commandTimeout: Duration = .seconds(1)
    /// How often a silent subscription is asked whether it still lives.
    public var heartbeatInterval: Duration = .seconds(5)

    /// Reads `redis://[[user]:password@]host[:port][/database]` and `unix:///path/of/socket[?db=0]`.
    ///
    /// - Throws: ``RedisError/Code/invalidConfiguration``; the message never holds the string, which may hold a password.
    public init(url: String) throws(RedisError) {
        let invalid = RedisError(
            .invalidConfiguration, "not redis://[[user]:password@]host[:port][/database] or unix:///path[?db=0]")
        if let rest = url.droppingPrefix("unix://") {
            let (path, query) = rest.split(atFirst: "?")
            guard path.hasPrefix("/"), path.utf8.count < 108, let path = path.percentDecoded else { throw invalid }
            (self.user, self.password) = (nil, nil)
            self.address = .unix(path: path)
            if let query {
                guard let text = String(query).droppingPrefix("db="), let database = Int(text), database >= 0 else { throw invalid }
                self.database = database
            } else {
                self.database = 0
            }
            return
        }
        guard var rest = url.droppingPrefix("redis://") else { throw invalid }
        if let at = rest.lastIndex(of: "@") {
            let (user, password) = rest[..<at].split(atFirst: ":")
            guard let user = user.percentDecoded, let password = password?.percentDecoded else { throw invalid }
            self.user = user.isEmpty ? nil : user
            self.password = password
            rest = rest[rest.index(after: at)...]
        } else {
            (self.user, self.password) = (nil, nil)
        }
        let (authority, database) = rest.split(atFirst: "/")
        guard let number = Int(database.flatMap { $0.isEmpty ? nil : $0 } ?? "0"), number >= 0 else { throw invalid }
        self.database = number
        let (host, port) = Self.hostAndPort(authority)
        guard let portNumber = Int(port ?? "6379"), (1...65_535).contains(portNumber), !host.isEmpty else { throw invalid }
        self.address = .tcp(host: String(host), port: portNumber)
    }

    /// `[::1]:6379` has its address in brackets.
    private static func hostAndPort(_ authority: Substring) -> (host: Substring, port: Substring?) {
        guard authority.hasPrefix("["), let end = authority.firstIndex(of: "]") else { return authority.split(atFirst: ":") }
        let host = authority[authority.index(after: authority.startIndex)..<end]
        let rest = authority[authority.index(after: end)...]
        return (host, rest.hasPrefix(":") ? rest.dropFirst() : nil)
    }

    /// What a new connection says first. The PING tells a server that is still loading from one that is ready.
    var greeting: [RedisCommand] {
        var commands: [RedisCommand] = []
        if let password { commands.append(RedisCommand("AUTH", arguments: [self.user, password].compactMap(\.self))) }
        if self.database != 0 { commands.append(RedisCommand("SELECT", self.database)) }
        return commands + [RedisCommand("PING")]
    }
}

extension String {
    fileprivate func droppingPrefix(_ prefix: String) -> Substring? {
        self.hasPrefix(prefix) ? self.dropFirst(prefix.count) : nil
    }
}

extension Substring {
    fileprivate func split(atFirst separator: Character) -> (Substring, Substring?) {
        guard let index = self.firstIndex(of: separator) else { return (self, nil) }
        return (self[..<index], self[self.index(after: index)...])
    }

    /// `nil` where a `%` is not followed by two hexadecimal digits.
    fileprivate var percentDecoded: String? {
        var bytes: [UInt8] = []
        var rest = self.utf8[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard let high = rest.popFirst(), let low = rest.popFirst(),
                let value = UInt8(String(decoding: [high, low], as: UTF8.self), radix: 16)
            else { return nil }
            bytes.append(value)
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
