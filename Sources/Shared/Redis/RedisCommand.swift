/// What a command can be given.
public protocol RedisArgument: Sendable {
    /// Appends the value as Redis reads it: text or raw bytes.
    func append(to buffer: inout [UInt8])
    var redisByteCount: Int { get }
}

extension String: RedisArgument {
    public func append(to buffer: inout [UInt8]) { buffer.append(contentsOf: self.utf8) }
    public var redisByteCount: Int { self.utf8.count }
}

extension [UInt8]: RedisArgument {
    public func append(to buffer: inout [UInt8]) { buffer.append(contentsOf: self) }
    public var redisByteCount: Int { self.count }
}

extension RedisArgument where Self: BinaryInteger & CustomStringConvertible {
    public func append(to buffer: inout [UInt8]) { buffer.append(contentsOf: self.description.utf8) }
    public var redisByteCount: Int { self.description.utf8.count }
}

extension Int: RedisArgument {}
extension Int64: RedisArgument {}
extension UInt64: RedisArgument {}

extension Double: RedisArgument {
    public func append(to buffer: inout [UInt8]) { buffer.append(contentsOf: self.description.utf8) }
    public var redisByteCount: Int { self.description.utf8.count }
}

/// A command, encoded as it goes over the wire.
public struct RedisCommand: Sendable {
    let encoded: [UInt8]

    public init(_ name: String, _ arguments: any RedisArgument...) {
        self.init(name, arguments: arguments)
    }

    public init(_ name: String, arguments: [any RedisArgument]) {
        var encoded: [UInt8] = []
        encoded.reserveCapacity(arguments.reduce(32 + name.utf8.count) { $0 + $1.redisByteCount + 16 })
        encoded.append(UInt8(ascii: "*"))
        encoded.appendLine(arguments.count + 1)
        encoded.appendBulk(name)
        for argument in arguments { argument.appendBulk(to: &encoded) }
        self.encoded = encoded
    }

    /// Of the first command in encoded ones: its first bulk string.
    static func name(in encoded: [UInt8]) -> String {
        let lines = encoded.prefix(64).split(separator: UInt8(ascii: "\n"), maxSplits: 3)
        guard lines.count > 2 else { return "" }
        return String(decoding: lines[2].dropLast(), as: UTF8.self)
    }
}

extension RedisArgument {
    fileprivate func appendBulk(to buffer: inout [UInt8]) { buffer.appendBulk(self) }
}

extension [UInt8] {
    fileprivate mutating func appendBulk(_ argument: some RedisArgument) {
        self.append(UInt8(ascii: "$"))
        self.appendLine(argument.redisByteCount)
        argument.append(to: &self)
        self.append(UInt8(ascii: "\r"))
        self.append(UInt8(ascii: "\n"))
    }

    fileprivate mutating func appendLine(_ number: Int) {
        if number < 10 {
            self.append(UInt8(ascii: "0") + UInt8(number))
        } else {
            self.append(contentsOf: String(number).utf8)
        }
        self.append(UInt8(ascii: "\r"))
        self.append(UInt8(ascii: "\n"))
    }
}
