import Foundation
import Testing
import Training

/// Real splits lie under the folder that `DUET_DATA_DIR` names. Both stages must be above the best single model that is known there, or,
/// where the two are too close for one draw, no more than .003 below.
private let sets: [(name: String, sameIDs: Bool, bar: Double)] = [
    ("libimseti2k-pairs", true, 0.293), ("ml100k-random", false, 0.32), ("ml100k-temporal", false, 0.139), ("facebook-edges", true, 0.552),
]

private func folder(of name: String) -> String? {
    guard let root = ProcessInfo.processInfo.environment["DUET_DATA_DIR"] else { return nil }
    let path = "\(root)/\(name)"
    return FileManager.default.fileExists(atPath: path + "/train.tsv") ? path : nil
}

@Test("Ranking real splits is better than any single model of the established libraries", .serialized, arguments: sets)
func quality(name: String, sameIDs: Bool, bar: Double) throws {
    guard let path = folder(of: name) else {
        print("Skipped \(name): DUET_DATA_DIR does not name a folder that holds \(name)/train.tsv.")
        return
    }
    var options = SplitEvaluation.Options(directory: path)
    options.sameIDs = sameIDs
    let report = try SplitEvaluation.run(options)
    print("\(name): NDCG@10 \(report.metricsAt10.ndcg), Recall@20 \(report.metricsAt20.recall), \(report.seconds) s")
    #expect(report.metricsAt10.ndcg > bar)
    if let stage1 = report.baselines.first(where: { $0.model == "ials" }) { #expect(stage1.gain.tStatistic > 0) }
}
