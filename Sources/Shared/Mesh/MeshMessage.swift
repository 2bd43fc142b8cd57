/// A message that knows its wire form.
public protocol MeshMessage: Sendable, Hashable {
    /// With its package: `duet.candidate.v1.GenerateRequest`.
    static var fullName: String { get }

    /// Its fields, for those who meet the message at run time only; `nil` where nobody wrote them down.
    static var descriptor: MessageDescriptor? { get }

    /// Reads a message.
    ///
    /// - Throws: ``MeshError`` with `invalidArgument` when the bytes aren't such a message.
    init(unpacking bytes: UnsafeRawBufferPointer) throws(MeshError)

    /// Lends the packed size and a function that writes so many bytes to the front of a buffer.
    ///
    /// The arrays of the message are read where they lie, so both are valid only while `body` runs.
    func withPackedForm<R>(_ body: (Int, (UnsafeMutableRawBufferPointer) -> Void) throws(MeshError) -> R) throws(MeshError) -> R
}

extension MeshMessage {
    public static var descriptor: MessageDescriptor? { nil }

    /// Reads a message.
    ///
    /// - Throws: ``MeshError`` with `invalidArgument` when the bytes aren't such a message.
    public init(bytes: [UInt8]) throws(MeshError) {
        self = try unsafe bytes.withUnsafeBufferPointer { (buffer) throws(MeshError) -> Self in
            try unsafe Self(unpacking: UnsafeRawBufferPointer(buffer))
        }
    }

    /// Bytes that ``pack(into:)`` needs.
    public var packedSize: Int {
        get throws(MeshError) { try unsafe self.withPackedForm { (size, _) throws(MeshError) -> Int in size } }
    }

    /// Writes the message to the front of a buffer and returns how many bytes it took.
    ///
    /// - Throws: ``MeshError`` with `resourceExhausted` when the buffer is too small.
    public func pack(into buffer: UnsafeMutableRawBufferPointer) throws(MeshError) -> Int {
        try unsafe self.withPackedForm { (size, write) throws(MeshError) in
            guard size <= buffer.count else {
                throw MeshError(.resourceExhausted, "\(Self.fullName) takes \(size) bytes, the buffer has \(buffer.count)")
            }
            unsafe write(buffer)
            return size
        }
    }

    /// The wire form as an array.
    public func packed() throws(MeshError) -> [UInt8] {
        try unsafe self.withPackedForm { (size, write) throws(MeshError) -> [UInt8] in
            unsafe [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
                unsafe write(UnsafeMutableRawBufferPointer(buffer))
                count = size
            }
        }
    }
}
