internal import Synchronization

/// Dials its own server again and again: a listener of nng 1.5 can end up accepting nobody without any sign of it.
///
/// The dialling side sees nothing of that, as the transport still shakes hands: what counts is whether the server gets a connection.
/// Everything but ``serverAccepted()`` runs on ``SerialThread/control``.
final class Watchdog: Sendable {
    private struct State {
        var dialer: Socket.Dialer?
        var isAccepted = false
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
        self.socket = try Socket(.request, maximumMessage: maximumMessage) { _ in }
        self.scheduleCheck()
    }

    /// Called on nng's threads when the server has a new connection, from whomever.
    func serverAccepted() {
        self.state.mutex.withLock { $0.isAccepted = true }
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
        self.state.mutex.withLock { $0.isAccepted = false }
        if let dialer = try? self.socket.dial(self.address()) { self.state.mutex.withLock { $0.dialer = dialer } }
        SerialThread.control.run(at: .after(self.patience)) { [weak self] in self?.verify() }
    }

    private func verify() {
        let (isStopped, isAccepted) = self.state.mutex.withLock { ($0.isStopped, $0.isAccepted) }
        guard !isStopped else { return }
        if !isAccepted { self.onFailure() }
        self.scheduleCheck()
    }
}
