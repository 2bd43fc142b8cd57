internal import Synchronization

/// Dials its own server again and again: a listener of nng 1.5 can end up accepting nobody without any sign of it.
///
/// Everything but the connection's callback runs on ``SerialThread/control``.
final class Watchdog: Sendable {
    private struct State {
        var dialer: Socket.Dialer?
        var isConnected = false
        var isStopped = false
    }

    private let socket: Socket
    private let interval: Duration
    private let patience: Duration
    private let address: @Sendable () -> String
    private let onFailure: @Sendable () -> Void
    private let state: Signal

    private final class Signal: Sendable {
        let mutex = Mutex(State())
    }

    init(
        interval: Duration, patience: Duration, maximumMessage: Int, address: @escaping @Sendable () -> String,
        onFailure: @escaping @Sendable () -> Void
    ) throws(MeshError) {
        let state = Signal()
        self.state = state
        self.interval = interval
        self.patience = patience
        self.address = address
        self.onFailure = onFailure
        self.socket = try Socket(.request, maximumMessage: maximumMessage) { event in
            if event == .added { state.mutex.withLock { $0.isConnected = true } }
        }
        self.scheduleCheck()
    }

    func stop() {
        let isFirst = self.state.mutex.withLock { state in
            defer { state.isStopped = true }
            return !state.isStopped
        }
        if isFirst { self.socket.close() }
    }

    private func scheduleCheck() {
        SerialThread.control.run(at: .after(self.interval)) { [weak self] in self?.check() }
    }

    private func check() {
        let (isStopped, before) = self.state.mutex.withLock { state in
            defer { state.dialer = nil }
            return (state.isStopped, state.dialer)
        }
        guard !isStopped else { return }
        // The last connection was left open until now: closing one at once is what upsets a listener.
        before?.close()
        self.state.mutex.withLock { $0.isConnected = false }
        if let dialer = try? self.socket.dial(self.address()) { self.state.mutex.withLock { $0.dialer = dialer } }
        SerialThread.control.run(at: .after(self.patience)) { [weak self] in self?.verify() }
    }

    private func verify() {
        let (isStopped, isConnected) = self.state.mutex.withLock { ($0.isStopped, $0.isConnected) }
        guard !isStopped else { return }
        if !isConnected { self.onFailure() }
        self.scheduleCheck()
    }
}
