internal import Synchronization

/// Remembers which places contain a text. New places are looked through when they have come.
final class PlaceMatches: Sendable {
    private struct Entry {
        var places: [Int32]
        /// Places looked at so far: their number only grows.
        var examined: Int
    }

    private static let capacity = 512
    private let entries = Mutex<[[UInt8]: Entry]>([:])

    func places(containing needle: [UInt8], in population: Population) -> [Int32] {
        var entry = self.entries.withLock { $0[needle] } ?? Entry(places: [], examined: 0)
        guard entry.examined < population.places.count else { return entry.places }
        for index in entry.examined..<population.places.count where population.places[index].contains(needle) {
            entry.places.append(Int32(index))
        }
        entry.examined = population.places.count
        self.entries.withLock { entries in
            if entries.count >= Self.capacity, entries[needle] == nil { entries.removeAll(keepingCapacity: true) }
            entries[needle] = entry
        }
        return entry.places
    }
}
