/// One value a person, as the cache keeps it.
///
/// Layout, little-endian: `"DP"`, format (UInt8), schema version (UInt16), the words of a ``PersonRow`` (UInt32 each), FNV-1a of all before.
extension PersonFeatures {
    private static let magic: [UInt8] = [0x44, 0x50]
    private static let format: UInt8 = 2

    public func pack() -> [UInt8] {
        var words: [UInt32] = []
        self.write(to: &words, dimension: self.sourceFactors.count)
        var writer = ByteWriter(capacity: 9 + 4 * words.count)
        writer.write(contentsOf: Self.magic)
        writer.write(Self.format)
        writer.write(UInt16(PersonSchema.version))
        for word in words { writer.write(word) }
        writer.write(Terms.hash(writer.bytes))
        return writer.bytes
    }

    /// Reads what ``pack()`` wrote.
    /// - Throws: ``FeatureError/Code/unsupportedVersion`` for another schema, ``FeatureError/Code/corrupt`` for damaged bytes.
    public init(unpacking bytes: [UInt8]) throws(FeatureError) {
        let corrupt = FeatureError(.corrupt, "The packed features are damaged.")
        var reader = ByteReader(bytes, upTo: bytes.count - 4)
        guard let magic = reader.slice(2), magic.elementsEqual(Self.magic), let format = reader.integer(UInt8.self),
            let version = reader.integer(UInt16.self)
        else { throw corrupt }
        guard format == Self.format, Int(version) == PersonSchema.version else {
            throw FeatureError(.unsupportedVersion, "The packed features follow schema \(version), not \(PersonSchema.version).")
        }
        var tail = ByteReader(Array(bytes.suffix(4)))
        guard tail.integer(UInt32.self) == Terms.hash(bytes.dropLast(4)), let words = reader.integers(reader.remaining / 4),
            reader.remaining == 0
        else { throw corrupt }
        try self.init(row: words.span)
    }
}
