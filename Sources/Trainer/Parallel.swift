/// Maps ranges on several tasks, in order.
enum Parallel {
    static func map<Element: Sendable>(
        _ count: Int, threads: Int, _ body: @escaping @Sendable (Range<Int>) -> [Element]
    ) async -> [Element] {
        guard threads > 1, count > 64 else { return body(0..<count) }
        // More chunks than threads: some people have more to do than others.
        let chunk = max(32, count / (threads * 8))
        let parts = await withTaskGroup(of: (Int, [Element]).self) { group in
            var next = 0
            var parts: [(Int, [Element])] = []
            func add() -> Bool {
                guard next < count else { return false }
                let range = next..<min(count, next + chunk)
                next = range.upperBound
                group.addTask { (range.lowerBound, body(range)) }
                return true
            }
            for _ in 0..<threads { _ = add() }
            while let part = await group.next() {
                parts.append(part)
                _ = add()
            }
            return parts
        }
        return parts.sorted { $0.0 < $1.0 }.flatMap(\.1)
    }
}
