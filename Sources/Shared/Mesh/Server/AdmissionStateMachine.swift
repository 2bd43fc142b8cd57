/// Decides which calls of a server run, wait and go: heavy ones run up to a limit, wait in a bounded queue, and are refused
/// beyond; better a quick no than an answer too late.
///
/// Whoever has the least time left runs first, and is also the first to be refused when there is no room: what can't be
/// answered in time is work for nothing.
package struct AdmissionStateMachine: ~Copyable {
    package typealias Ticket = UInt64

    package enum Arrival: Equatable {
        case run
        /// It waits under a ticket; `displaced`, which has less time left, is refused instead.
        case wait(Ticket, displaced: Ticket?)
        case refuse(MeshShedReason)
    }

    /// What becomes of a call that waited; a refused one ends as a light call, once it has been replied.
    package enum Turn: Equatable {
        case run(Ticket)
        case refuse(Ticket, MeshShedReason)
    }

    private struct Waiting {
        let ticket: Ticket
        let deadline: Deadline
    }

    package private(set) var limit: AdaptiveLimit
    private let maximumQueued: Int
    /// By deadline, the earliest first.
    private var queue: [Waiting] = []
    private var nextTicket: Ticket = 0
    /// Heavy calls that run.
    package private(set) var heavy = 0
    /// Calls that run, wait, or are being refused.
    package private(set) var inFlight = 0
    /// Nanoseconds that heavy calls took lately; 0 until one has ended.
    private var meanTime = 0.0
    /// Calls since the start.
    package private(set) var admitted = 0
    package private(set) var refused = 0

    package init(limit: AdaptiveLimit, maximumQueued: Int) {
        self.limit = limit
        self.maximumQueued = max(0, maximumQueued)
    }

    package var queued: Int { self.queue.count }

    /// - Returns: For `run`, ``callEnded(isHeavy:at:)`` follows; for a refusal too, as a light call, once it has been replied.
    package mutating func callArrived(isHeavy: Bool, deadline: Deadline, at now: Deadline) -> Arrival {
        guard isHeavy else {
            self.admitted += 1
            self.inFlight += 1
            return .run
        }
        guard self.heavy >= self.limit.value || !self.queue.isEmpty else {
            self.start()
            self.inFlight += 1
            return .run
        }
        self.limit.limitReached()
        let position = self.queue.firstIndex { $0.deadline > deadline } ?? self.queue.count
        guard self.isWorthwhile(deadline, behind: position, at: now) else { return self.refuse(.tooLate) }
        guard self.queue.count < self.maximumQueued else {
            // The queue's first has the least time left, unless the newcomer has less.
            guard position > 0, let first = self.queue.first else { return self.refuse(.queueFull) }
            self.queue.removeFirst()
            self.refused += 1
            return .wait(self.enqueue(deadline, at: position - 1), displaced: first.ticket)
        }
        return .wait(self.enqueue(deadline, at: position), displaced: nil)
    }

    /// A call has been replied to.
    ///
    /// - Returns: What becomes of those that waited for it.
    package mutating func callEnded(isHeavy: Bool, at now: Deadline) -> [Turn] {
        self.inFlight -= 1
        guard isHeavy else { return [] }
        self.heavy -= 1
        return self.turns(at: now)
    }

    /// A call that was refused before it came to the admission is being told so.
    package mutating func refusalArrived() {
        self.inFlight += 1
    }

    /// A heavy call's handler is over.
    ///
    /// - Parameters:
    ///   - startDelay: How long it waited for a thread once it was admitted.
    ///   - time: How long it took from then on.
    package mutating func heavyEnded(startDelay: Duration, time: Duration, ranOut: Bool, at now: Deadline) {
        let nanoseconds = time / .nanoseconds(1)
        self.meanTime = self.meanTime == 0 ? nanoseconds : self.meanTime * 0.9 + nanoseconds * 0.1
        self.limit.callEnded(startDelay: startDelay, ranOut: ranOut, at: now)
    }

    private mutating func start() {
        self.admitted += 1
        self.heavy += 1
    }

    private mutating func refuse(_ reason: MeshShedReason) -> Arrival {
        self.refused += 1
        self.inFlight += 1
        return .refuse(reason)
    }

    private mutating func enqueue(_ deadline: Deadline, at position: Int) -> Ticket {
        self.nextTicket += 1
        self.inFlight += 1
        self.queue.insert(Waiting(ticket: self.nextTicket, deadline: deadline), at: position)
        return self.nextTicket
    }

    private mutating func turns(at now: Deadline) -> [Turn] {
        var turns: [Turn] = []
        while self.heavy < self.limit.value, let next = self.queue.first {
            self.queue.removeFirst()
            if self.isWorthwhile(next.deadline, behind: nil, at: now) {
                self.start()
                turns.append(.run(next.ticket))
            } else {
                self.refused += 1
                turns.append(.refuse(next.ticket, .tooLate))
            }
        }
        return turns
    }

    /// Whether a call that started after so many others would end in time, by how long calls take.
    private func isWorthwhile(_ deadline: Deadline, behind others: Int?, at now: Deadline) -> Bool {
        guard deadline != .never else { return true }
        let wait = others.map { Double($0 + 1) / Double(self.limit.value) } ?? 0
        let expected = self.meanTime * (1 + wait)
        return Double(deadline.nanoseconds) > Double(now.nanoseconds) + expected
    }
}
