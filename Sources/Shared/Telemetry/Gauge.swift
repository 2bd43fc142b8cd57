import Synchronization

/// A number that goes up and down.
public final class Gauge: Sendable {
    private let storage = AtomicDouble()

    init() {}

    public var value: Double { self.storage.value }

    public func set(_ value: Double) { self.storage.store(value) }
    public func set(_ value: Int) { self.storage.store(Double(value)) }
    public func add(_ amount: Double) { self.storage.add(amount) }
}

/// A double in an atomic word.
struct AtomicDouble: ~Copyable, Sendable {
    private let bits = Atomic<UInt64>(0)

    var value: Double { Double(bitPattern: self.bits.load(ordering: .relaxed)) }

    borrowing func store(_ value: Double) { self.bits.store(value.bitPattern, ordering: .relaxed) }

    borrowing func add(_ amount: Double) {
        var current = self.bits.load(ordering: .relaxed)
        while true {
            let sum = (Double(bitPattern: current) + amount).bitPattern
            let result = self.bits.weakCompareExchange(expected: current, desired: sum, ordering: .relaxed)
            if result.exchanged { return }
            current = result.original
        }
    }
}
