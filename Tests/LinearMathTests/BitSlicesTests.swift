import LinearMath
import Testing

@Test("Weighted sums of bitmaps are those of counting one by one", arguments: [1, 63, 64, 700, 5000])
func bitSlices(rows: Int) {
    var generator = SeededGenerator(seed: UInt64(rows))
    func random(_ density: Double) -> Bitmap {
        var bitmap = Bitmap(count: rows)
        for row in 0..<rows where generator.uniform() < density { bitmap[row] = true }
        return bitmap
    }
    var slices = BitSlices()
    for round in 0..<3 {
        let mask = random(round == 0 ? 0.01 : 0.5)
        let bitmaps = (0..<9).map { _ in random(0.3) }
        let excluded = random(0.5)
        let list = (0..<rows).filter { _ in generator.uniform() < 0.1 }
        let weights = [1, 2, 3, 5, 8, 13, 21, 7, 6]
        slices.reset(mask: mask)
        for (bitmap, weight) in zip(bitmaps, weights) { slices.add(weight, rows: bitmap) }
        slices.add(40, rows: list.map(Int32.init))
        slices.keepHeld()
        slices.add(20, rows: Bitmap(count: rows, repeating: true), except: excluded)
        slices.sum()
        #expect(slices.count == 11)
        var expected: [Int: (sum: Int, holders: UInt64)] = [:]
        for row in 0..<rows where mask[row] {
            var (sum, holders) = (0, UInt64(0))
            for (index, bitmap) in bitmaps.enumerated() where bitmap[row] { (sum, holders) = (sum + weights[index], holders | 1 << UInt64(index)) }
            if list.contains(row) { (sum, holders) = (sum + 40, holders | 1 << 9) }
            guard holders != 0 else { continue }
            if !excluded[row] { (sum, holders) = (sum + 20, holders | 1 << 10) }
            expected[row] = (sum, holders)
        }
        var found = 0
        for level in 0..<BitSlices.levels {
            slices.forEachRow(level: level) { row, holders in
                found += 1
                #expect(expected[Int(row)]?.holders == holders)
                #expect(expected[Int(row)].map { $0.sum / BitSlices.levelWidth } == level)
            }
        }
        #expect(found == expected.count)
    }
}
