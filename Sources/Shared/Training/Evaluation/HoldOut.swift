public import LinearMath

/// Divides interactions into a part to train on and a part to be judged by, person by person.
public enum HoldOut {
    /// Holds out a random share of each row's entries, at least one of those who have two or more.
    ///
    /// - Returns: For each entry, whether it is held out.
    public static func random(rows: [Int32], share: Double, using generator: inout SeededGenerator) -> [Bool] {
        var held = [Bool](repeating: false, count: rows.count)
        for entries in Self.grouped(rows) where entries.count > 1 {
            for entry in entries.shuffled(using: &generator).prefix(Self.size(entries.count, share)) { held[entry] = true }
        }
        return held
    }

    /// Holds out the latest share of each row's entries, at least one of those who have two or more; of equal times, the later entry.
    public static func temporal(rows: [Int32], times: [Int64], share: Double) -> [Bool] {
        precondition(rows.count == times.count, "Each entry needs its time.")
        var held = [Bool](repeating: false, count: rows.count)
        for entries in Self.grouped(rows) where entries.count > 1 {
            let ordered = entries.sorted { (times[$0], $0) < (times[$1], $1) }
            for entry in ordered.suffix(Self.size(entries.count, share)) { held[entry] = true }
        }
        return held
    }

    /// Holds out whole unordered pairs: a → b and b → a go the same way.
    public static func pairs(rows: [Int32], columns: [Int32], share: Double, using generator: inout SeededGenerator) -> [Bool] {
        precondition(rows.count == columns.count, "Each entry needs both sides.")
        let salt = generator.next()
        return rows.indices.map { index in
            let (low, high) = (min(rows[index], columns[index]), max(rows[index], columns[index]))
            let pair = UInt64(UInt32(bitPattern: low)) << 32 | UInt64(UInt32(bitPattern: high))
            var draw = SeededGenerator(seed: salt, stream: pair)
            return draw.uniform() < share
        }
    }

    private static func size(_ count: Int, _ share: Double) -> Int { max(1, Int(Double(count) * share)) }

    /// The entries of each row, by ascending row.
    private static func grouped(_ rows: [Int32]) -> [[Int]] {
        Dictionary(grouping: rows.indices, by: { rows[$0] }).sorted { $0.key < $1.key }.map(\.value)
    }
}
