import Glibc

/// A secret that lies in a file, as every secret should that is not in the environment.
enum SecretFile {
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    /// The file's bytes, without a line end behind them.
    static func read(_ path: String) throws(Failure) -> [UInt8] {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Failure(description: "The key file \(path) can't be read: \(Self.reason).") }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 64 * 1024)
        let count = unsafe Glibc.read(descriptor, &bytes, bytes.count)
        guard count >= 0 else { throw Failure(description: "The key file \(path) can't be read: \(Self.reason).") }
        bytes.removeLast(bytes.count - count)
        while let last = bytes.last, last == UInt8(ascii: "\n") || last == UInt8(ascii: "\r") { bytes.removeLast() }
        return bytes
    }

    private static var reason: String { unsafe String(cString: strerror(errno)) }
}
