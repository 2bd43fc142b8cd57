internal import Domain
internal import Synchronization
internal import Telemetry

/// People with what decides who may meet them, in this process, as far as the ``ChangeLedger`` lets copies hold.
final class PersonCache: Sendable {
    private let ledger: ChangeLedger
    private let capacity: Int
    private let people = Mutex(Generations<UserID, ChangeLedger.Copy<Person>>())
    private let hits: Counter
    private let misses: Counter

    /// - Parameter capacity: People who are kept; 0: none.
    init(_ ledger: ChangeLedger, capacity: Int, registry: MetricsRegistry) {
        self.ledger = ledger
        self.capacity = capacity
        let counters = ["hit", "miss"].map {
            registry.counter("duet_person_cache_total", "People looked up for lists in the process's own cache.", labels: [("outcome", $0)])
        }
        (self.hits, self.misses) = (counters[0], counters[1])
    }

    /// Learns what changed until now.
    /// - Returns: `nil` while that can't be known: then nothing here may be used.
    func refresh() async -> ChangeLedger.Ticket? { self.capacity > 0 ? await self.ledger.catchUp() : nil }

    /// - Returns: Who is held, and the others.
    func take(_ ids: [UserID]) -> (held: [Person], missing: [UserID]) {
        var held: [Person] = []
        var missing: [UserID] = []
        held.reserveCapacity(ids.count)
        self.people.withLock { people in
            for id in ids {
                if let copy = people[id], self.ledger.holds(copy, id) { held.append(copy.value) } else { missing.append(id) }
            }
        }
        self.hits.increment(by: UInt64(held.count))
        self.misses.increment(by: UInt64(missing.count))
        return (held, missing)
    }

    /// Keeps who was read after the ticket was given out.
    func store(_ people: [Person], _ ticket: ChangeLedger.Ticket) {
        self.people.withLock { held in
            for person in people { held.insert(self.ledger.copy(of: person, ticket), for: person.user.id, capacity: self.capacity) }
        }
    }
}
