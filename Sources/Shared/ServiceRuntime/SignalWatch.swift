import Dispatch
import Glibc

/// SIGTERM, SIGINT and the like ask for a graceful end; the second of them ends the process at once.
package final class SignalWatch {
    private let sources: [any DispatchSourceSignal]

    /// - Parameter onFirst: Called on a queue of its own with the first signal's number.
    package init(_ numbers: [Int32] = [SIGTERM, SIGINT], onFirst: @escaping @Sendable (Int32) -> Void) {
        let queue = DispatchQueue(label: "duet.signals")
        let box = Seen()
        self.sources = numbers.map { number in
            signal(number, SIG_IGN)  // The source sees it; the default action would end the process.
            let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
            source.setEventHandler {
                if box.isSecond() { _exit(128 + number) }
                onFirst(number)
            }
            source.activate()
            return source
        }
    }

    /// Touched on the signals' queue only.
    private final class Seen: @unchecked Sendable {
        // Proof: both sources deliver to the one serial queue, and nothing else holds this object.
        private var hasSeenOne = false

        func isSecond() -> Bool {
            defer { self.hasSeenOne = true }
            return self.hasSeenOne
        }
    }
}
