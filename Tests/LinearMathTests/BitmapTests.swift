import LinearMath
import Testing

@Test("Bits beyond the count stay 0", arguments: [0, 1, 63, 64, 65, 1000])
func bitmapTail(count: Int) {
    var bitmap = Bitmap(count: count, repeating: true)
    #expect(bitmap.popCount == count)
    bitmap.invert()
    #expect(bitmap.isEmpty)
    bitmap.formUnion(Bitmap(count: 2000, repeating: true))
    #expect(bitmap.popCount == count)
}

@Test("Set operations agree with sets of integers")
func bitmapAlgebra() {
    var generator = SeededGenerator(seed: 5)
    let left = Set((0..<80).map { _ in Int.random(in: 0..<200, using: &generator) })
    let right = Set((0..<80).map { _ in Int.random(in: 0..<150, using: &generator) })
    func bitmap(_ elements: Set<Int>, count: Int) -> Bitmap {
        var result = Bitmap(count: count)
        for element in elements { result[element] = true }
        return result
    }
    func members(_ bitmap: Bitmap) -> [Int] {
        var result: [Int] = []
        bitmap.forEachSet { result.append($0) }
        return result
    }
    let other = bitmap(right, count: 150)
    var result = bitmap(left, count: 200)
    #expect(members(result) == left.sorted())
    result.formIntersection(other)
    #expect(members(result) == left.intersection(right).sorted())
    result = bitmap(left, count: 200)
    result.formUnion(other)
    #expect(members(result) == left.union(right).sorted())
    result = bitmap(left, count: 200)
    result.subtract(other)
    #expect(members(result) == left.subtracting(right).sorted())
    result[members(result)[0]] = false
    #expect(result.popCount == left.subtracting(right).count - 1)
}
