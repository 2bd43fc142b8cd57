internal import Glibc

/// The system refused a descriptor, a thread or a watch.
public struct ReactorError: Error, Sendable, CustomStringConvertible {
    /// The system call that failed.
    public let call: String
    /// Its `errno`.
    public let number: Int32

    init(_ call: String, number: Int32 = errno) {
        self.call = call
        self.number = number
    }

    public var description: String {
        let reason = unsafe strerror(self.number).map { unsafe String(cString: $0) } ?? "error \(self.number)"
        return "\(self.call): \(reason)"
    }
}
