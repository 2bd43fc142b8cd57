public import Domain

/// Where a page of a list ended, together with the people who come next: further pages need no memory on the server, and show the list
/// as it was ranked even when the viewer acts in between. Who may not be shown any more is dropped when the page is made.
public struct ListCursor: Hashable, Sendable {
    public struct Entry: Hashable, Sendable {
        public var id: UserID
        /// `nil` where stage 2 was away.
        public var matchScore: Double?
        public var sources: CandidateSources

        public init(id: UserID, matchScore: Double?, sources: CandidateSources) {
            self.id = id
            self.matchScore = matchScore
            self.sources = sources
        }
    }

    /// The people of a cursor at most.
    static let capacity = 100

    public var listID: String
    public var viewer: UserID
    /// Hash of the query's list key: a cursor of another list is refused.
    public var queryHash: UInt64
    public var modelVersion: String
    public var entries: [Entry]

    // MARK: Text

    /// Base64 for addresses (RFC 4648 §5) over: format, list id, viewer, hash, model, then a row a person.
    public var text: String {
        var bytes: [UInt8] = [Self.format]
        bytes.appendText(self.listID)
        bytes.appendVariable(UInt64(bitPattern: self.viewer.rawValue))
        bytes.appendVariable(self.queryHash)
        bytes.appendText(self.modelVersion)
        bytes.appendVariable(UInt64(self.entries.count))
        for entry in self.entries {
            bytes.appendVariable(UInt64(bitPattern: entry.id.rawValue))
            bytes.appendVariable(UInt64(entry.sources.rawValue))
            bytes.appendVariable(entry.matchScore.map { 1 + UInt64((max(0, min(1, $0)) * Self.scale).rounded()) } ?? 0)
        }
        return Base64URL.encode(bytes)
    }

    public init(listID: String, viewer: UserID, queryHash: UInt64, modelVersion: String, entries: [Entry]) {
        self.listID = listID
        self.viewer = viewer
        self.queryHash = queryHash
        self.modelVersion = modelVersion
        self.entries = entries
    }

    /// - Returns: `nil` for anything that ``text`` does not make.
    public init?(_ text: String) {
        guard let bytes = Base64URL.decode(text) else { return nil }
        var reader = ByteReader(bytes)
        guard reader.byte() == Self.format, let listID = reader.text(), listID.isUUID, let viewer = reader.variable(),
            let queryHash = reader.variable(), let modelVersion = reader.text(), let count = reader.variable(), count <= Self.capacity
        else { return nil }
        var entries: [Entry] = []
        for _ in 0..<count {
            guard let id = reader.variable(), let userID = Int64(exactly: id), userID > 0, let sources = reader.variable(),
                let sourceBits = UInt32(exactly: sources), let score = reader.variable(), score <= UInt64(Self.scale) + 1
            else { return nil }
            entries.append(
                Entry(
                    id: UserID(userID), matchScore: score == 0 ? nil : Double(score - 1) / Self.scale,
                    sources: CandidateSources(rawValue: sourceBits)))
        }
        guard reader.isAtEnd else { return nil }
        self.init(
            listID: listID, viewer: UserID(Int64(bitPattern: viewer)), queryHash: queryHash, modelVersion: modelVersion, entries: entries)
    }

    private static let format: UInt8 = 1
    /// Six decimals, as scores are shown.
    private static let scale = 1_000_000.0
}

/// Base64 with `-` and `_`, without padding.
enum Base64URL {
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)
    private static let values: [UInt8: UInt32] = Dictionary(
        uniqueKeysWithValues: alphabet.enumerated().map { ($0.element, UInt32($0.offset)) })

    static func encode(_ bytes: [UInt8]) -> String {
        var output: [UInt8] = []
        output.reserveCapacity(bytes.count * 4 / 3 + 4)
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = bytes[start..<min(start + 3, bytes.count)]
            var word: UInt32 = 0
            for index in 0..<3 { word = word << 8 | (index < group.count ? UInt32(group[start + index]) : 0) }
            for index in 0...group.count { output.append(Self.alphabet[Int(word >> UInt32(18 - 6 * index) & 63)]) }
        }
        return String(decoding: output, as: UTF8.self)
    }

    static func decode(_ text: String) -> [UInt8]? {
        var output: [UInt8] = []
        var word: UInt32 = 0
        var bits = 0
        for byte in text.utf8 {
            guard let value = Self.values[byte] else { return nil }
            word = word << 6 | value
            bits += 6
            if bits >= 8 {
                bits -= 8
                output.append(UInt8(truncatingIfNeeded: word >> UInt32(bits)))
                word &= (1 << UInt32(bits)) - 1
            }
        }
        // What is left over must be padding: fewer than six bits, all zero.
        return bits < 6 && word == 0 ? output : nil
    }
}

extension [UInt8] {
    /// Seven bits a byte, least significant first (LEB128).
    fileprivate mutating func appendVariable(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            self.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        self.append(UInt8(rest))
    }

    fileprivate mutating func appendText(_ text: String) {
        self.appendVariable(UInt64(text.utf8.count))
        self.append(contentsOf: text.utf8)
    }
}

private struct ByteReader {
    private var rest: ArraySlice<UInt8>

    init(_ bytes: [UInt8]) { self.rest = bytes[...] }

    var isAtEnd: Bool { self.rest.isEmpty }

    mutating func byte() -> UInt8? { self.rest.popFirst() }

    mutating func variable() -> UInt64? {
        var value: UInt64 = 0
        for shift in stride(from: UInt64(0), to: 64, by: 7) {
            guard let byte = self.byte() else { return nil }
            guard shift < 63 || byte <= 1 else { return nil }
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return value }
        }
        return nil
    }

    mutating func text() -> String? {
        guard let count = self.variable(), count <= 256, count <= self.rest.count else { return nil }
        defer { self.rest.removeFirst(Int(count)) }
        return String(validating: self.rest.prefix(Int(count)), as: UTF8.self)
    }
}
