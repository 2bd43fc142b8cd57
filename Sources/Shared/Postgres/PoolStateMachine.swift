/// Which connection serves whom. No I/O and no clock: events in, actions out.
package struct PoolStateMachine {
    package typealias ConnectionID = Int
    package typealias WaiterID = UInt64

    private enum Slot { case connecting, idle, leased }

    private let size: Int
    private let overflow: Int
    private let waiterLimit: Int
    private var slots: [ConnectionID: Slot] = [:]
    /// Most recently used last, so that the same few connections stay warm.
    private var idle: [ConnectionID] = []
    private var waiters = WaiterQueue()
    private var lastConnection = 0
    /// Attempts to connect that failed since the last one that succeeded.
    package private(set) var failures = 0
    private var isBackingOff = false
    package private(set) var isShutDown = false

    package init(size: Int, overflow: Int, waiterLimit: Int = .max) {
        self.size = max(1, size)
        self.overflow = max(0, overflow)
        self.waiterLimit = max(1, waiterLimit)
    }

    package var openCount: Int { self.slots.values.count { $0 != .connecting } }
    package var idleCount: Int { self.idle.count }
    package var waitingCount: Int { self.waiters.count }
    package func isIdle(_ connection: ConnectionID) -> Bool { self.slots[connection] == .idle }

    // MARK: Callers

    package enum AcquireAction: Equatable {
        case lease(ConnectionID)
        case wait
        case waitAndOpen(ConnectionID)
        /// The server has refused several times in a row and nothing is open: waiting would only add latency.
        case failUnavailable
        /// So many wait that this one would only make it worse.
        case failExhausted
        case failShutDown
    }

    package mutating func acquire(_ waiter: WaiterID) -> AcquireAction {
        guard !self.isShutDown else { return .failShutDown }
        if let connection = self.idle.popLast() {
            self.slots[connection] = .leased
            return .lease(connection)
        }
        if self.isBackingOff, self.failures > 1, self.openCount == 0 { return .failUnavailable }
        guard self.waiters.count < self.waiterLimit else { return .failExhausted }
        self.waiters.append(waiter)
        guard let connection = self.openIfNeeded() else { return .wait }
        return .waitAndOpen(connection)
    }

    package mutating func abandon(_ waiter: WaiterID) { self.waiters.remove(waiter) }

    // MARK: Connections

    package enum ReadyAction: Equatable {
        case lease(ConnectionID, to: WaiterID)
        case keep
        case close
    }

    package mutating func connected(_ connection: ConnectionID) -> ReadyAction {
        self.failures = 0
        return self.ready(connection)
    }

    /// A lease has ended and the connection is fit for the next.
    package mutating func released(_ connection: ConnectionID) -> ReadyAction { self.ready(connection) }

    private mutating func ready(_ connection: ConnectionID) -> ReadyAction {
        guard self.slots[connection] != nil else { return .close }
        if self.isShutDown {
            self.slots[connection] = nil
            return .close
        }
        if let waiter = self.waiters.popFirst() {
            self.slots[connection] = .leased
            return .lease(connection, to: waiter)
        }
        guard self.slots.count <= self.size else {
            self.slots[connection] = nil
            return .close
        }
        self.slots[connection] = .idle
        self.idle.append(connection)
        return .keep
    }

    /// A connection is gone: died while idle, or its lease left it unfit.
    ///
    /// - Returns: The connection to open in its place, if someone waits for one.
    package mutating func lost(_ connection: ConnectionID) -> ConnectionID? {
        self.slots[connection] = nil
        self.idle.removeAll { $0 == connection }
        return self.isShutDown ? nil : self.openIfNeeded()
    }

    package struct FailureAction: Equatable {
        /// They waited for this attempt and have no other connection to hope for.
        package var fail: [WaiterID]
        /// Try again after the back-off of this attempt, counted from 1.
        package var retryAttempt: Int?
    }

    package mutating func connectFailed(_ connection: ConnectionID) -> FailureAction {
        self.slots[connection] = nil
        guard !self.isShutDown else { return FailureAction(fail: [], retryAttempt: nil) }
        self.failures += 1
        let fail = self.openCount == 0 ? self.waiters.removeAll() : []
        guard !self.isBackingOff else { return FailureAction(fail: fail, retryAttempt: nil) }
        self.isBackingOff = true
        return FailureAction(fail: fail, retryAttempt: self.failures)
    }

    /// The back-off is over. One connection probes even if nobody waits, so that recovery doesn't cost a caller.
    package mutating func retryDue() -> ConnectionID? {
        self.isBackingOff = false
        guard !self.isShutDown else { return nil }
        return self.openCount == 0 && self.slots.isEmpty ? self.open() : self.openIfNeeded()
    }

    // MARK: End

    /// - Returns: Who waited and is to be told, and the connections to close: all of them.
    package mutating func shutDown() -> (waiters: [WaiterID], connections: [ConnectionID]) {
        self.isShutDown = true
        defer {
            self.slots = [:]
            self.idle = []
        }
        return (self.waiters.removeAll(), self.slots.keys.sorted())
    }

    // MARK: Growth

    private mutating func openIfNeeded() -> ConnectionID? {
        let connecting = self.slots.values.count { $0 == .connecting }
        guard !self.isBackingOff, connecting < self.waiters.count, self.slots.count < self.size + self.overflow else { return nil }
        return self.open()
    }

    private mutating func open() -> ConnectionID {
        self.lastConnection += 1
        self.slots[self.lastConnection] = .connecting
        return self.lastConnection
    }
}

/// First come, first served; whoever leaves is skipped when the turn comes.
struct WaiterQueue {
    private var order: [UInt64] = []
    private var head = 0
    private var present: Set<UInt64> = []

    var count: Int { self.present.count }

    mutating func append(_ waiter: UInt64) {
        self.order.append(waiter)
        self.present.insert(waiter)
    }

    mutating func remove(_ waiter: UInt64) { self.present.remove(waiter) }

    mutating func popFirst() -> UInt64? {
        while self.head < self.order.count {
            let waiter = self.order[self.head]
            self.head += 1
            if self.head > 64, self.head * 2 > self.order.count {
                self.order.removeFirst(self.head)
                self.head = 0
            }
            if self.present.remove(waiter) != nil { return waiter }
        }
        self.order.removeAll(keepingCapacity: true)
        self.head = 0
        return nil
    }

    mutating func removeAll() -> [UInt64] {
        defer { self = WaiterQueue() }
        return self.order[self.head...].filter(self.present.contains)
    }
}
