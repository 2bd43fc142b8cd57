package import Domain

/// A cached answer with what decides whether it still holds: viewer's version, safety version, number of people and who they are, each
/// 8 bytes, little-endian; then the answer.
package struct CachedList: Hashable {
    package var versions: CacheVersions
    package var people: [UserID]
    package var answer: [UInt8]

    package init(versions: CacheVersions, people: [UserID], answer: [UInt8]) {
        self.versions = versions
        self.people = people
        self.answer = answer
    }

    /// `nil` for bytes that are no such list.
    package init?(decoding bytes: [UInt8]) {
        guard bytes.count >= 24 else { return nil }
        let count = Self.word(bytes, 2)
        guard count <= UInt64((bytes.count - 24) / 8) else { return nil }
        self.versions = CacheVersions(viewer: Self.word(bytes, 0), safety: Int64(bitPattern: Self.word(bytes, 1)))
        self.people = (0..<Int(count)).map { UserID(Int64(bitPattern: Self.word(bytes, 3 + $0))) }
        self.answer = Array(bytes[(24 + 8 * Int(count))...])
    }

    package func encode() -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(24 + 8 * self.people.count + self.answer.count)
        let words = [self.versions.viewer, UInt64(bitPattern: self.versions.safety), UInt64(self.people.count)]
        for word in words + self.people.map({ UInt64(bitPattern: $0.rawValue) }) {
            for shift in stride(from: 0, to: 64, by: 8) { bytes.append(UInt8(truncatingIfNeeded: word >> UInt64(shift))) }
        }
        return bytes + self.answer
    }

    private static func word(_ bytes: [UInt8], _ index: Int) -> UInt64 {
        var word: UInt64 = 0
        for offset in (0..<8).reversed() { word = word << 8 | UInt64(bytes[index * 8 + offset]) }
        return word
    }
}
