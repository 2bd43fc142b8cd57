internal import NIOCore
internal import Synchronization

/// The open connections, and how they are brought to an end.
final class ConnectionRegistry: Sendable {
    private struct State {
        var channels: [ObjectIdentifier: any Channel] = [:]
        var isDraining = false
    }

    private let capacity: Int
    private let state = Mutex(State())

    init(capacity: Int) { self.capacity = capacity }

    /// From now on each answer is the last one of its connection.
    var isDraining: Bool { self.state.withLock { $0.isDraining } }
    var count: Int { self.state.withLock { $0.channels.count } }

    /// False if there is no room.
    func add(_ channel: any Channel) -> Bool {
        let hasRoom = self.state.withLock { state in
            guard state.channels.count < self.capacity else { return false }
            state.channels[ObjectIdentifier(channel)] = channel
            return true
        }
        guard hasRoom else { return false }
        channel.closeFuture.whenComplete { _ in
            self.state.withLock { $0.channels[ObjectIdentifier(channel)] = nil }
        }
        return true
    }

    /// False if draining had begun before.
    func beginDraining() -> Bool {
        self.state.withLock { state in
            defer { state.isDraining = true }
            return !state.isDraining
        }
    }

    /// Idle connections close now, busy ones after the answer that they wait for.
    func quiesce() {
        for channel in self.state.withLock({ Array($0.channels.values) }) {
            channel.pipeline.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent())
        }
    }

    func closeAll() {
        for channel in self.state.withLock({ Array($0.channels.values) }) { channel.close(promise: nil) }
    }
}
