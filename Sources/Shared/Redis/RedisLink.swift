internal import CHiredis
internal import Glibc
internal import Reactor

/// One connection through hiredis, non-blocking, on an event loop. It connects, writes what was queued, and reads replies; what they mean
/// is its owner's business. After a failure it is of no use any more.
final class RedisLink {
    private let loop: EventLoop
    private let context: ContextHandle
    private var registration: EventLoop.Registration?
    private var interest: Readiness = .writable
    private var isConnecting = true
    private var buffer = [UInt8](repeating: 0, count: 64 * 1024)

    /// Begins to connect. A host name is looked up right here, on the loop's thread.
    init(address: RedisConfiguration.Address, loop: EventLoop, ready: @escaping @Sendable (Readiness) -> Void) throws(RedisError) {
        self.loop = loop
        self.context = try ContextHandle(address: address)
        do {
            self.registration = try loop.register(descriptor: self.context.descriptor, interest: .writable, handler: ready)
        } catch {
            throw RedisError(.unavailable, "\(error)")
        }
    }

    /// Queues bytes; they leave with the next ``flush()``.
    func append(_ bytes: [UInt8]) throws(RedisError) { try self.context.append(bytes) }

    /// Writes what the socket takes and waits for room for the rest.
    func flush() throws(RedisError) {
        guard !self.isConnecting, self.registration != nil else { return }
        let isDone = try self.context.write()
        try self.setInterest(isDone ? .readable : [.readable, .writable])
    }

    /// Carries on with what the socket is ready for, and hands over the replies that are complete.
    func ready(_ readiness: Readiness, _ reply: (RESPValue) throws(RedisError) -> Void) throws(RedisError) {
        if self.isConnecting {
            try self.context.checkConnected()
            self.isConnecting = false
            return try self.flush()
        }
        if readiness.contains(.readable) {
            try self.context.read(into: &self.buffer)
            while let value = try self.context.nextReply() { try reply(value) }
        }
        if readiness.contains(.writable), self.registration != nil { try self.flush() }
    }

    func close() {
        if let registration { self.loop.deregister(registration) }
        self.registration = nil
    }

    private func setInterest(_ interest: Readiness) throws(RedisError) {
        guard interest != self.interest, let registration else { return }
        do {
            try self.loop.update(registration, interest: interest)
            self.interest = interest
        } catch {
            throw RedisError(.unavailable, "\(error)")
        }
    }
}
