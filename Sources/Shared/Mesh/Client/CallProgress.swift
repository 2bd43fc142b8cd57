internal import Synchronization
internal import Telemetry

/// What became of a call so far.
final class CallProgress: Sendable {
    /// The call's own, where its caller's spans are recorded.
    let span: TraceSpan?
    private let state = Mutex<(replica: String?, attempts: Int)>((nil, 0))

    init(span: TraceSpan? = nil) { self.span = span }

    var summary: (replica: String?, attempts: Int) { self.state.withLock { $0 } }

    func asked(_ replica: String) {
        self.state.withLock { $0 = (replica, $0.attempts + 1) }
    }
}

/// A place for a message between two functions that can't return it to each other.
final class MessageBox: Sendable {
    private let content = Mutex<RawMessage?>(nil)

    deinit {
        _ = self.take()
    }

    func put(_ message: consuming MessageBuffer) {
        let raw = RawMessage(message)
        let before = self.content.withLock { content in
            defer { content = raw }
            return content
        }
        _ = before?.take()
    }

    func take() -> MessageBuffer? {
        let raw = self.content.withLock { content in
            defer { content = nil }
            return content
        }
        guard let raw else { return nil }
        return raw.take()
    }
}
