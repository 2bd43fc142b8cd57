internal import Crypto
internal import Domain
internal import Features

/// The artefact's bytes.
///
/// Layout, little-endian: `"DUETMODL"`, format (UInt16), the fields in the order below, SHA-256 of all before. Text is UTF-8 behind a
/// 32-bit length; dictionaries are sorted by key. So equal models have equal bytes.
extension PipelineModel {
    private static let magic = Array("DUETMODL".utf8)
    private static let format: UInt16 = 1
    private static let digestLength = 32
    /// No vector or dictionary of a model is longer.
    private static let longest = 1 << 20

    /// SHA-256 in lower-case hexadecimal, as the registry keeps it.
    public static func checksum(of bytes: [UInt8]) -> String {
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: SHA256.hash(data: bytes).flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }

    public func encode() -> [UInt8] {
        var writer = ByteWriter(capacity: 4096)
        writer.write(contentsOf: Self.magic)
        writer.write(Self.format)
        writer.write(self.version)
        writer.write(self.createdAt.rawValue)
        writer.write(UInt32(self.personSchemaVersion))
        writer.write(UInt32(self.pairSchemaVersion))
        writer.write(self.embeddingVersion)
        writer.write(UInt32(self.dimension))
        writer.write(UInt32(self.ranker.names.count))
        for (name, weight) in zip(self.ranker.names, self.ranker.weights) {
            writer.write(name)
            writer.write(weight)
        }
        writer.write(self.ranker.intercept)
        writer.write(self.calibration.slope)
        writer.write(self.calibration.offset)
        writer.write(self.fusion.kind.rawValue)
        writer.write(self.fusion.reciprocalWeight)
        self.retrieval.encode(into: &writer)
        for gram in [self.sourceGram, self.targetGram] {
            writer.write(UInt32(gram.count))
            for value in gram { writer.write(value) }
        }
        writer.write(UInt32(self.metrics.count))
        for (name, value) in self.metrics.sorted(by: { $0.key < $1.key }) {
            writer.write(name)
            writer.write(value)
        }
        writer.write(contentsOf: SHA256.hash(data: writer.bytes))
        return writer.bytes
    }

    /// Reads what ``encode()`` wrote.
    /// - Throws: ``ModelError/Code/unsupportedFormat`` for another format, ``ModelError/Code/corrupt`` for damaged bytes,
    ///   ``ModelError/Code/invalid`` for a model that contradicts itself. A model of other schemas is read: see ``requireServable()``.
    public init(decoding bytes: [UInt8]) throws(ModelError) {
        let corrupt = ModelError(.corrupt, "The model artefact is damaged.")
        let end = bytes.count - Self.digestLength
        var reader = ByteReader(bytes, upTo: end)
        guard let magic = reader.slice(Self.magic.count), magic.elementsEqual(Self.magic), let format = reader.integer(UInt16.self)
        else { throw corrupt }
        guard format == Self.format else {
            throw ModelError(.unsupportedFormat, "The model artefact has format \(format); this program reads \(Self.format).")
        }
        guard SHA256.hash(data: bytes[..<end]).elementsEqual(bytes[end...]) else { throw corrupt }
        guard let version = reader.string(), let createdAt = reader.integer(UInt64.self), let personSchema = reader.integer(UInt32.self),
            let pairSchema = reader.integer(UInt32.self), let embeddingVersion = reader.string(),
            let dimension = reader.integer(UInt32.self), let ranker = try Self.ranker(&reader), let slope = reader.double(),
            let offset = reader.double(), let kind = reader.integer(UInt8.self).flatMap(Fusion.Kind.init(rawValue:)),
            let reciprocalWeight = reader.double(), let retrieval = Retrieval(decoding: &reader), let sourceGram = Self.gram(&reader),
            let targetGram = Self.gram(&reader), let metrics = Self.metrics(&reader), reader.remaining == 0
        else { throw corrupt }
        let cells = Int(dimension) * Int(dimension)
        guard !version.isEmpty, sourceGram.isEmpty || sourceGram.count == cells, targetGram.isEmpty || targetGram.count == cells,
            sourceGram.allSatisfy(\.isFinite), targetGram.allSatisfy(\.isFinite), metrics.values.allSatisfy(\.isFinite)
        else { throw ModelError(.invalid, "Parts of the model contradict each other.") }
        self.init(
            version: version, createdAt: Timestamp(rawValue: Int64(bitPattern: createdAt)), embeddingVersion: embeddingVersion,
            dimension: Int(dimension), ranker: ranker, calibration: try PlattCalibration(slope: slope, offset: offset),
            fusion: try Fusion(kind: kind, reciprocalWeight: reciprocalWeight), retrieval: retrieval, sourceGram: sourceGram,
            targetGram: targetGram, metrics: metrics)
        self.personSchemaVersion = Int(personSchema)
        self.pairSchemaVersion = Int(pairSchema)
    }

    private static func ranker(_ reader: inout ByteReader) throws(ModelError) -> LogisticModel? {
        guard let count = Self.count(&reader) else { return nil }
        var names: [String] = []
        var weights: [Double] = []
        for _ in 0..<count {
            guard let name = reader.string(), let weight = reader.double() else { return nil }
            names.append(name)
            weights.append(weight)
        }
        guard let intercept = reader.double() else { return nil }
        return try LogisticModel(names: names, weights: weights, intercept: intercept)
    }

    private static func gram(_ reader: inout ByteReader) -> [Float]? {
        Self.count(&reader).flatMap { reader.floats($0) }
    }

    private static func metrics(_ reader: inout ByteReader) -> [String: Double]? {
        guard let count = Self.count(&reader) else { return nil }
        var metrics: [String: Double] = [:]
        for _ in 0..<count {
            guard let name = reader.string(), let value = reader.double() else { return nil }
            metrics[name] = value
        }
        return metrics
    }

    private static func count(_ reader: inout ByteReader) -> Int? {
        reader.integer(UInt32.self).map(Int.init).flatMap { $0 <= Self.longest ? $0 : nil }
    }
}
