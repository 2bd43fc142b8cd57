import Foundation
import Glibc
import Synchronization

/// A terminal, a file or a pipe that lines are written to.
///
/// On a terminal the last line may be live: it is drawn again and again, and goes away when a plain line comes.
final class Console: Sendable {
    static let standardOutput = Console(STDOUT_FILENO)
    static let standardError = Console(STDERR_FILENO)

    let isTerminal: Bool
    private let descriptor: Int32
    private let hasLiveLine = Mutex(false)

    init(_ descriptor: Int32) {
        self.descriptor = descriptor
        self.isTerminal = isatty(descriptor) == 1
    }

    func line(_ text: String) {
        self.hasLiveLine.withLock { hasLiveLine in
            self.write((hasLiveLine ? "\r\u{1B}[K" : "") + text + "\n")
            hasLiveLine = false
        }
    }

    /// Draws the live line; does nothing where there is no terminal.
    func live(_ text: String) {
        guard self.isTerminal else { return }
        self.hasLiveLine.withLock { hasLiveLine in
            self.write("\r" + text.prefix(self.width - 1) + "\u{1B}[K")
            hasLiveLine = true
        }
    }

    func clearLive() {
        self.hasLiveLine.withLock { hasLiveLine in
            if hasLiveLine { self.write("\r\u{1B}[K") }
            hasLiveLine = false
        }
    }

    private var width: Int {
        var size = winsize()
        guard unsafe ioctl(self.descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 20 else { return 100 }
        return Int(size.ws_col)
    }

    private func write(_ text: String) {
        // Nobody may be reading any more: then there is nobody to tell either.
        try? FileHandle(fileDescriptor: self.descriptor, closeOnDealloc: false).write(contentsOf: Data(text.utf8))
    }
}
