import Glibc

/// Standard error, unbuffered.
package enum StandardError {
    /// Writes all bytes, with one `write(2)` unless it is cut short. What can't be written is lost: there is nowhere to report it.
    package static func write(_ bytes: [UInt8]) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let written = unsafe rest.withUnsafeBytes { unsafe Glibc.write(STDERR_FILENO, $0.baseAddress, $0.count) }
            if written > 0 { rest = rest.dropFirst(written) } else if errno != EINTR { return }
        }
    }

    package static func write(line: String) { self.write(Array((line + "\n").utf8)) }
}
