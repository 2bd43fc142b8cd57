import FeatureSvcCore
import LinearMath
import Testing

@Suite("Table of rows")
struct RowTableTests {
    @Test("Holds what a dictionary holds while rows come, grow, shrink and go, and keeps everybody's slot", arguments: 1...3)
    func random(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        var table = RowTable()
        var expected: [UInt64: (row: [UInt32], slot: Int)] = [:]
        for _ in 0..<3000 {
            let id = UInt64.random(in: 1...60, using: &generator)
            if Int.random(in: 0..<3, using: &generator) > 0 {
                let row = (0..<Int.random(in: 1...40, using: &generator)).map { _ in UInt32.random(in: 1...(.max), using: &generator) }
                let slot = table.set(id, row: row.span)
                #expect(slot == expected[id]?.slot ?? slot)
                expected[id] = (row, slot)
            } else {
                #expect(table.remove(id) == expected.removeValue(forKey: id)?.slot)
            }
        }
        #expect(table.count == expected.count && Set(expected.values.map(\.slot)).count == expected.count)
        for (id, held) in expected {
            #expect(table.slot(of: id) == held.slot && table.identifier(at: held.slot) == id)
            #expect(table.words[table.range(of: held.slot)].elementsEqual(held.row))
        }
        #expect((0..<table.slotCount).count { table.identifier(at: $0) != nil } == expected.count)
        // Gone rows leave room for others: the block never holds much more than the most that was there at once.
        #expect(table.words.count < 60 * 40 * 3)
    }

    @Test("A removed row is wiped")
    func wiped() {
        var table = RowTable()
        table.set(1, row: [UInt32](repeating: 7, count: 9).span)
        table.remove(1)
        #expect(table.words.allSatisfy { $0 == 0 } && table.count == 0 && table.slot(of: 1) == nil)
    }
}
