/// One value a person, as the cache keeps it.
///
/// Layout, little-endian: `"DP"`, format (UInt8), schema version (UInt16), width (UInt16), dimension (UInt16), counts of interests and
/// terms (UInt16 each), values, source factors, target factors (Float each), interests, terms (UInt32 each), FNV-1a of all before.
extension PersonFeatures {
    private static let magic: [UInt8] = [0x44, 0x50]
    private static let format: UInt8 = 1

    public func pack() -> [UInt8] {
        let values = self.values.count + 2 * self.sourceFactors.count + self.interests.count + self.terms.count
        var writer = ByteWriter(capacity: 17 + 4 * values)
        writer.write(contentsOf: Self.magic)
        writer.write(Self.format)
        writer.write(UInt16(PersonSchema.version))
        writer.write(UInt16(self.values.count))
        writer.write(UInt16(self.sourceFactors.count))
        writer.write(UInt16(self.interests.count))
        writer.write(UInt16(self.terms.count))
        for value in self.values { writer.write(value) }
        for value in self.sourceFactors { writer.write(value) }
        for value in self.targetFactors { writer.write(value) }
        for value in self.interests { writer.write(value) }
        for value in self.terms { writer.write(value) }
        writer.write(Terms.hash(writer.bytes))
        return writer.bytes
    }

    /// Reads what ``pack()`` wrote.
    /// - Throws: ``FeatureError/Code/unsupportedVersion`` for another schema, ``FeatureError/Code/corrupt`` for damaged bytes.
    public init(unpacking bytes: [UInt8]) throws(FeatureError) {
        let corrupt = FeatureError(.corrupt, "The packed features are damaged.")
        var reader = ByteReader(bytes, upTo: bytes.count - 4)
        guard let magic = reader.slice(2), magic.elementsEqual(Self.magic), let format = reader.integer(UInt8.self),
            let version = reader.integer(UInt16.self), let width = reader.integer(UInt16.self),
            let dimension = reader.integer(UInt16.self), let interestCount = reader.integer(UInt16.self),
            let termCount = reader.integer(UInt16.self)
        else { throw corrupt }
        guard format == Self.format, Int(version) == PersonSchema.version else {
            throw FeatureError(.unsupportedVersion, "The packed features follow schema \(version), not \(PersonSchema.version).")
        }
        var tail = ByteReader(Array(bytes.suffix(4)))
        guard tail.integer(UInt32.self) == Terms.hash(bytes.dropLast(4)), Int(width) == PersonSchema.width,
            let values = reader.floats(Int(width)), let source = reader.floats(Int(dimension)), let target = reader.floats(Int(dimension)),
            let interests = reader.integers(Int(interestCount)), let terms = reader.integers(Int(termCount)), reader.remaining == 0
        else { throw corrupt }
        guard values.allSatisfy(\.isFinite), source.allSatisfy(\.isFinite), target.allSatisfy(\.isFinite) else { throw corrupt }
        self.init(values: values, interests: interests, terms: terms, sourceFactors: source, targetFactors: target)
    }
}
