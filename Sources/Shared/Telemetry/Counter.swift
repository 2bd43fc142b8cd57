import Synchronization

/// A number that only grows. One relaxed atomic addition an increment.
public final class Counter: Sendable {
    private let storage = Atomic<UInt64>(0)

    init() {}

    public var value: UInt64 { self.storage.load(ordering: .relaxed) }

    public func increment(by amount: UInt64 = 1) {
        self.storage.wrappingAdd(amount, ordering: .relaxed)
    }
}
