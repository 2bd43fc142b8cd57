import Domain
import Testing

@Suite("A model of the registry")
struct ModelRecordTests {
    private static func record(
        _ version: String, ndcg: Double? = nil, error: Double? = nil, lineage: [String: String] = [:], activatedAt: Int64? = nil,
        isActive: Bool = false
    ) -> ModelRecord {
        var metrics: [String: Double] = ["importance.age_difference": 0.25, "importance.distance": 0.75]
        metrics["ndcg@10"] = ndcg
        metrics["ndcg@10.se"] = error
        return ModelRecord(
            version: version, schemaVersion: 1, checksum: "", metrics: metrics, lineage: lineage, createdAt: Timestamp(seconds: 0),
            isActive: isActive, activatedAt: activatedAt.map { Timestamp(seconds: $0) })
    }

    @Test(
        "One that was measured worse by more than its standard error is objected to",
        arguments: [(0.30, 0.01, 0.29, false), (0.28, 0.02, 0.29, false), (0.26, 0.02, 0.29, true), (0.289, nil, 0.29, true)])
    func worse(ndcg: Double, error: Double?, active: Double, isWorse: Bool) {
        let objection = Self.record("b", ndcg: ndcg, error: error).objection(toReplacing: Self.record("a", ndcg: active))
        #expect((objection != nil) == isWorse)
    }

    @Test("One that training rejected for the active one is objected to, whatever its own figures say")
    func rejected() {
        let model = Self.record("b", ndcg: 0.9, lineage: [ModelRecord.rejectionKey: "a"])
        #expect(model.objection(toReplacing: Self.record("a", ndcg: 0.1))?.contains("same data") == true)
        #expect(model.objection(toReplacing: Self.record("c", ndcg: 0.1)) == nil)
    }

    @Test("Nothing speaks against one without figures, or against the active one itself")
    func unknown() {
        #expect(Self.record("b").objection(toReplacing: Self.record("a", ndcg: 0.3)) == nil)
        let same = Self.record("a", ndcg: 0.1, lineage: [ModelRecord.rejectionKey: "a"])
        #expect(same.objection(toReplacing: same) == nil)
    }

    @Test("Rolling back leads to the one that was active last")
    func previous() {
        let models = [
            Self.record("d"), Self.record("c", activatedAt: 30, isActive: true), Self.record("b", activatedAt: 20),
            Self.record("a", activatedAt: 10),
        ]
        #expect(ModelRecord.previous(of: models)?.version == "b")
        #expect(ModelRecord.previous(of: [models[0], models[1]]) == nil)
    }

    @Test("Shares of features stand apart from measurements, the largest first")
    func importance() {
        let model = Self.record("a", ndcg: 0.3)
        #expect(model.importance.map(\.feature) == ["distance", "age_difference"])
        #expect(model.measurements.map(\.name) == ["ndcg@10"])
    }
}
