/// The fixed head of every message: 48 bytes, little-endian, in front of metadata and payload.
///
///     0 version  1 kind  2 flags  4 method  8 instant  16 trace (high, low)  32 span  40 status  42 metadata length  44 load
package struct Envelope: Equatable, Sendable {
    package static let size = 48
    package static let currentVersion: UInt8 = 1

    package enum Kind: UInt8 {
        case call = 1
        case reply = 2
        case cancel = 3
        case ping = 4
    }

    package struct Flags: OptionSet, Hashable, Sendable {
        package let rawValue: UInt16

        package init(rawValue: UInt16) {
            self.rawValue = rawValue
        }

        package static let idempotent = Flags(rawValue: 1)
        package static let sampled = Flags(rawValue: 2)
        package static let shadow = Flags(rawValue: 4)
        /// The server is going: it answers what it has, and wants no more.
        package static let draining = Flags(rawValue: 8)
        /// The server refused the call before it began: another replica may have room.
        package static let refused = Flags(rawValue: 16)
        /// The instant is the time that is left, as the other machine has another clock.
        package static let relative = Flags(rawValue: 64)
    }

    package var kind: Kind
    package var flags: Flags = []
    package var method: UInt32 = 0
    /// Nanoseconds. Of a call: its deadline on the monotonic clock, or what is left until then. Of a reply: how long the server took.
    package var instant: UInt64 = 0
    package var traceHigh: UInt64 = 0
    package var traceLow: UInt64 = 0
    package var span: UInt64 = 0
    /// 0, or the code of a ``MeshError``.
    package var status: UInt16 = 0
    package var metadataCount: UInt16 = 0
    /// Of a reply: calls in flight at the server.
    package var load: UInt32 = 0

    package init(
        kind: Kind, flags: Flags = [], method: UInt32 = 0, instant: UInt64 = 0, traceHigh: UInt64 = 0, traceLow: UInt64 = 0,
        span: UInt64 = 0, status: UInt16 = 0, metadataCount: UInt16 = 0, load: UInt32 = 0
    ) {
        self.kind = kind
        self.flags = flags
        self.method = method
        self.instant = instant
        self.traceHigh = traceHigh
        self.traceLow = traceLow
        self.span = span
        self.status = status
        self.metadataCount = metadataCount
        self.load = load
    }
}

extension Envelope {
    /// When a call that came now expires.
    package func deadline(at now: Deadline) -> Deadline {
        guard self.flags.contains(.relative) else { return Deadline(nanoseconds: self.instant) }
        let (sum, overflows) = now.nanoseconds.addingReportingOverflow(self.instant)
        return overflows ? .never : Deadline(nanoseconds: sum)
    }

    /// Makes the deadline of a packed call one that another machine understands.
    package static func makeRelative(_ bytes: UnsafeMutableRawBufferPointer, deadline: Deadline, at now: Deadline) {
        let flags = unsafe Flags(rawValue: UInt16(littleEndian: bytes.loadUnaligned(fromByteOffset: 2, as: UInt16.self))).union(.relative)
        unsafe bytes.storeBytes(of: flags.rawValue.littleEndian, toByteOffset: 2, as: UInt16.self)
        let left = deadline == .never ? .max : deadline.nanoseconds - min(now.nanoseconds, deadline.nanoseconds)
        unsafe bytes.storeBytes(of: left.littleEndian, toByteOffset: 8, as: UInt64.self)
    }

    /// - Throws: ``MeshError`` with `internal` for bytes that aren't a message of this version.
    package init(reading bytes: UnsafeRawBufferPointer) throws(MeshError) {
        guard bytes.count >= Self.size else { throw MeshError(.internal, "a message of \(bytes.count) bytes has no envelope") }
        guard unsafe bytes[0] == Self.currentVersion else {
            throw MeshError(.internal, unsafe "envelope version \(bytes[0]) isn't \(Self.currentVersion)")
        }
        guard let kind = unsafe Kind(rawValue: bytes[1]) else { throw MeshError(.internal, unsafe "message kind \(bytes[1]) is unknown") }
        self.kind = kind
        self.flags = unsafe Flags(rawValue: UInt16(littleEndian: bytes.loadUnaligned(fromByteOffset: 2, as: UInt16.self)))
        self.method = unsafe UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: 4, as: UInt32.self))
        self.instant = unsafe UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
        self.traceHigh = unsafe UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: 16, as: UInt64.self))
        self.traceLow = unsafe UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: 24, as: UInt64.self))
        self.span = unsafe UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: 32, as: UInt64.self))
        self.status = unsafe UInt16(littleEndian: bytes.loadUnaligned(fromByteOffset: 40, as: UInt16.self))
        self.metadataCount = unsafe UInt16(littleEndian: bytes.loadUnaligned(fromByteOffset: 42, as: UInt16.self))
        self.load = unsafe UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: 44, as: UInt32.self))
        guard Self.size + Int(self.metadataCount) <= bytes.count else { throw MeshError(.internal, "the metadata is cut short") }
    }

    /// Writes the 48 bytes to the front of a buffer that has them.
    package func write(to bytes: UnsafeMutableRawBufferPointer) {
        unsafe bytes.storeBytes(of: Self.currentVersion, toByteOffset: 0, as: UInt8.self)
        unsafe bytes.storeBytes(of: self.kind.rawValue, toByteOffset: 1, as: UInt8.self)
        unsafe bytes.storeBytes(of: self.flags.rawValue.littleEndian, toByteOffset: 2, as: UInt16.self)
        unsafe bytes.storeBytes(of: self.method.littleEndian, toByteOffset: 4, as: UInt32.self)
        unsafe bytes.storeBytes(of: self.instant.littleEndian, toByteOffset: 8, as: UInt64.self)
        unsafe bytes.storeBytes(of: self.traceHigh.littleEndian, toByteOffset: 16, as: UInt64.self)
        unsafe bytes.storeBytes(of: self.traceLow.littleEndian, toByteOffset: 24, as: UInt64.self)
        unsafe bytes.storeBytes(of: self.span.littleEndian, toByteOffset: 32, as: UInt64.self)
        unsafe bytes.storeBytes(of: self.status.littleEndian, toByteOffset: 40, as: UInt16.self)
        unsafe bytes.storeBytes(of: self.metadataCount.littleEndian, toByteOffset: 42, as: UInt16.self)
        unsafe bytes.storeBytes(of: self.load.littleEndian, toByteOffset: 44, as: UInt32.self)
    }
}
