/// Turns interests and biographies into sorted sets of hashed terms, which compare fast and hold no text.
public enum Terms {
    /// A biography counts with its first 32 distinct terms.
    public static let limit = 32

    /// At most this many interests of a person count.
    public static let interestLimit = 64

    /// Sorted and distinct hashes of the first ``interestLimit`` interests, lower-cased and stripped. Blank ones are left out.
    public static func interests(_ interests: [String]) -> [UInt32] {
        let names = interests.lazy.map(Self.normalised).filter { !$0.isEmpty }.prefix(Self.interestLimit)
        return Set(names.map { Self.hash($0) }).sorted()
    }

    /// Sorted and distinct hashes of the first ``limit`` words of a text that mean something: three letters or more, no stop word.
    public static func terms(of text: String) -> [UInt32] {
        var hashes: Set<UInt32> = []
        let lowered = text.lowercased()
        for word in lowered.unicodeScalars.split(whereSeparator: { !Self.isPartOfWord($0) }) {
            guard word.count >= 3 else { continue }
            let term = String(word)
            if !Self.stopWords.contains(term) { hashes.insert(Self.hash(term)) }
            if hashes.count == Self.limit { break }
        }
        return hashes.sorted()
    }

    /// Unicode's tables cost more than all the rest, and most text has no use for them.
    private static func isPartOfWord(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x30...0x39, 0x61...0x7A, 0x41...0x5A: true
        case 0..<0x80: false
        default: scalar.properties.isAlphabetic || scalar.properties.numericType != nil
        }
    }

    /// 32-bit FNV-1a over UTF-8 (Fowler, Noll, Vo).
    public static func hash(_ text: String) -> UInt32 { Self.hash(text.utf8) }

    static func hash(_ bytes: some Sequence<UInt8>) -> UInt32 {
        var hash: UInt32 = 2_166_136_261
        for byte in bytes { hash = (hash ^ UInt32(byte)) &* 16_777_619 }
        return hash
    }

    /// Lower-cased, without white space at the ends.
    static func normalised(_ text: String) -> String {
        let lowered = text.lowercased()
        guard let first = lowered.firstIndex(where: { !$0.isWhitespace }), let last = lowered.lastIndex(where: { !$0.isWhitespace })
        else { return "" }
        return String(lowered[first...last])
    }

    private static let stopWords: Set<String> = [
        "about", "after", "all", "also", "always", "and", "any", "are", "been", "but", "can", "did", "does", "ever", "few", "for", "from",
        "get", "had", "has", "have", "her", "here", "him", "his", "how", "into", "its", "just", "let", "like", "looking", "love", "many",
        "more", "most", "much", "not", "now", "off", "one", "only", "other", "our", "out", "over", "really", "she", "should", "some",
        "someone", "such", "than", "that", "the", "their", "them", "then", "there", "these", "they", "things", "this", "too", "two",
        "very", "was", "were", "what", "when", "where", "which", "who", "will", "with", "would", "you", "your",
    ]
}
