internal import Domain
internal import Features

extension Retrieval {
    func encode(into writer: inout ByteWriter) {
        writer.write(UInt32(self.factorization.factors))
        writer.write(UInt32(self.factorization.iterations))
        writer.write(self.factorization.alpha)
        writer.write(self.factorization.regularization)
        writer.write(self.factorization.regularizationExponent)
        writer.write(self.factorization.unobservedWeight)
        writer.write(self.factorization.seed)
        writer.write(UInt32(self.quotas.count))
        for (source, quota) in self.quotas.sorted(by: { $0.key.name < $1.key.name }) {
            writer.write(source.name)
            writer.write(UInt32(quota))
        }
    }

    /// `nil` if the bytes run out, a number isn't finite or a source is unknown.
    init?(decoding reader: inout ByteReader) {
        guard let factors = reader.integer(UInt32.self), let iterations = reader.integer(UInt32.self), let alpha = reader.double(),
            let regularization = reader.double(), let exponent = reader.double(), let unobserved = reader.double(),
            let seed = reader.integer(UInt64.self), let count = reader.integer(UInt32.self), count <= 64,
            [alpha, regularization, exponent, unobserved].allSatisfy(\.isFinite)
        else { return nil }
        var quotas: [CandidateSource: Int] = [:]
        for _ in 0..<count {
            guard let name = reader.string(), let source = CandidateSource.allCases.first(where: { $0.name == name }),
                let quota = reader.integer(UInt32.self)
            else { return nil }
            quotas[source] = Int(quota)
        }
        self.init(
            factorization: Factorization(
                factors: Int(factors), iterations: Int(iterations), alpha: alpha, regularization: regularization,
                regularizationExponent: exponent, unobservedWeight: unobserved, seed: seed),
            quotas: quotas)
    }
}
