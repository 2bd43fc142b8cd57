import Foundation
import LinearMath
import Testing
import Training

/// A folder that goes away with its owner.
private final class TemporaryFolder {
    let path: String

    init() throws {
        let url = FileManager.default.temporaryDirectory.appending(path: "duet-split-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        self.path = url.path()
    }

    deinit { try? FileManager.default.removeItem(atPath: self.path) }

    func write(_ name: String, _ rows: [[Int64]]) throws {
        let text = rows.map { $0.map(String.init).joined(separator: "\t") + "\n" }.joined()
        try text.write(toFile: "\(self.path)/\(name)", atomically: true, encoding: .utf8)
    }

    func rows(_ name: String) throws -> [[String]] {
        try String(contentsOfFile: "\(self.path)/\(name)", encoding: .utf8)
            .split(separator: "\n").map { $0.split(separator: "\t").map(String.init) }
    }
}

private func writeSplit(_ folder: TemporaryFolder, people: Bool = false, timed: Bool = false) throws -> Set<[Int64]> {
    let entries = groupedInteractions(people: 80, items: people ? 80 : 60, groups: 4, perPerson: 10)
    var train: [[Int64]] = []
    var test: [[Int64]] = []
    for (index, entry) in entries.enumerated() where !people || entry.row != entry.column {
        // Ids far from row numbers.
        let line = [Int64(entry.row) * 7 + 1000, Int64(entry.column) * (people ? 7 : 3) + (people ? 1000 : 5)]
        if index % 5 == 0 { test.append(line) } else { train.append(timed ? line + [Int64(index)] : line) }
    }
    test.append([999_999, 5])  // Unknown in train.
    try folder.write("train.tsv", train)
    try folder.write("test.tsv", test)
    return Set(train.map { Array($0.prefix(2)) })
}

@Test("Every person of test gets twenty new items, and the lists repeat", arguments: [false, true])
func endToEnd(timed: Bool) throws {
    let folder = try TemporaryFolder()
    let train = try writeSplit(folder, timed: timed)
    var options = SplitEvaluation.Options(directory: folder.path)
    options.rankedOut = folder.path + "/ranked.tsv"
    let report = try SplitEvaluation.run(options)
    let rows = try folder.rows("ranked.tsv")
    let byUser = Dictionary(grouping: rows, by: { $0[0] })
    #expect(byUser.count == report.metricsAt10.users)
    #expect(byUser["999999"]?.count == 20)
    for list in byUser.values {
        #expect(list.map { $0[2] } == (1...20).map(String.init))
        #expect(Set(list.map { $0[1] }).count == 20)
    }
    #expect(rows.allSatisfy { row in !train.contains(row.prefix(2).compactMap { Int64($0) }) })
    // Chance is about 0.03; the groups are plain to see.
    #expect(report.metricsAt10.ndcg > 0.12)
    #expect(try SplitEvaluation.run(options).metricsAt10 == report.metricsAt10)
    #expect(try folder.rows("ranked.tsv") == rows)
}

@Test("Nothing is chosen by looking at test")
func testIsNotSeen() throws {
    let folder = try TemporaryFolder()
    _ = try writeSplit(folder)
    let options = SplitEvaluation.Options(directory: folder.path)
    let first = try SplitEvaluation.run(options)
    try folder.write("test.tsv", [[1000, 5]])
    let second = try SplitEvaluation.run(options)
    #expect(first.models == second.models)
    #expect(first.blendWeights == second.blendWeights)
}

@Test("Each model of a blend is measured alone, and the blend against it")
func baselines() throws {
    let folder = try TemporaryFolder()
    _ = try writeSplit(folder)
    var options = SplitEvaluation.Options(directory: folder.path)
    options.model = "blend"
    let report = try SplitEvaluation.run(options)
    #expect(report.baselines.map(\.model).last == "popularity")
    #expect(report.baselines.count == report.models.count + 1)
    for baseline in report.baselines {
        #expect(abs(report.metricsAt10.ndcg - baseline.metricsAt10.ndcg - baseline.gain.meanDifference) < 1e-9)
        #expect(baseline.recallCurve.last == baseline.metricsAt20.recall)
    }
    #expect(zip(report.recallCurve, report.recallCurve.dropFirst()).allSatisfy { $0 <= $1 })
}

@Test("Whether test follows train in time is told by the times alone", arguments: [(0, true), (-1000, false)])
func protocolOfTheSplit(shift: Int64, follows: Bool) throws {
    // Everybody changes their mind: what is late is another group than what is early, so that the two protocols choose differently.
    let folder = try TemporaryFolder()
    var train: [[Int64]] = []
    var test: [[Int64]] = []
    for entry in groupedInteractions(people: 80, items: 60, groups: 4, perPerson: 12) {
        let time = Int64(train.count + test.count)
        if (train.count + test.count) % 6 == 5 {
            test.append([Int64(entry.row), Int64(entry.column), 100_000 + time + 200 * shift])
        } else {
            train.append([Int64(entry.row), Int64(entry.column), time])
        }
    }
    try folder.write("train.tsv", train)
    try folder.write("test.tsv", test)
    let timed = try SplitEvaluation.run(SplitEvaluation.Options(directory: folder.path))
    try folder.write("train.tsv", train.map { Array($0.prefix(2)) })
    try folder.write("test.tsv", test.map { Array($0.prefix(2)) })
    let untimed = try SplitEvaluation.run(SplitEvaluation.Options(directory: folder.path))
    #expect((timed.models == untimed.models && timed.blendWeights == untimed.blendWeights) == !follows)
}

@Test("Among people nobody is shown themselves, and pairs get probabilities of a match")
func reciprocal() throws {
    let folder = try TemporaryFolder()
    let train = try writeSplit(folder, people: true)
    func id(_ person: Int) -> Int64 { Int64(person) * 7 + 1000 }
    var pairs: [(a: Int, b: Int)] = []
    for a in 0..<80 {
        for b in 0..<80 where a != b && !train.contains([id(a), id(b)]) && !train.contains([id(b), id(a)]) { pairs.append((a, b)) }
    }
    try folder.write("pairs.tsv", pairs.map { [id($0.a), id($0.b)] } + [[5, 6]])
    var options = SplitEvaluation.Options(directory: folder.path)
    options.rankedOut = folder.path + "/ranked.tsv"
    options.reciprocal = true
    options.pairs = .init(input: folder.path + "/pairs.tsv", output: folder.path + "/scores.tsv")
    let report = try SplitEvaluation.run(options)
    #expect(report.balance != nil)
    let rows = try folder.rows("ranked.tsv")
    #expect(rows.allSatisfy { $0[0] != $0[1] })
    #expect(rows.allSatisfy { row in !train.contains(row.prefix(2).compactMap { Int64($0) }) })
    let scores = try folder.rows("scores.tsv").map { Double($0[2]) ?? -1 }
    #expect(scores.count == pairs.count + 1)
    #expect(scores.last == 0, "Nothing is known of these two.")
    #expect(scores.allSatisfy { (0...1).contains($0) })
    let known = Dictionary(uniqueKeysWithValues: zip(pairs.map { [$0.a, $0.b] }, scores))
    for (a, b) in pairs { #expect(known[[a, b]] == known[[b, a]], "A match has no direction.") }
    let own = zip(pairs, scores).filter { $0.0.a % 4 == $0.0.b % 4 }.map(\.1)
    let other = zip(pairs, scores).filter { $0.0.a % 4 != $0.0.b % 4 }.map(\.1)
    #expect(Statistics.mean(own) > 2 * Statistics.mean(other))
}

@Test("A model and its parameters can be forced", arguments: SplitEvaluation.Options.models)
func forced(model: String) throws {
    let folder = try TemporaryFolder()
    _ = try writeSplit(folder)
    var options = SplitEvaluation.Options(directory: folder.path)
    options.model = model
    if model == "ials" { options.parameters = ["factors": 12, "regularization": 0.02] }
    let report = try SplitEvaluation.run(options)
    #expect(report.pipeline == model)
    if model == "ials" { #expect(report.models.first?.parameters["factors"] == 12) }
}

@Test("What can't be done is said in a sentence")
func errors() throws {
    let folder = try TemporaryFolder()
    var options = SplitEvaluation.Options(directory: folder.path)
    func code() -> SplitEvaluationError.Code? {
        do throws(SplitEvaluationError) {
            _ = try SplitEvaluation.run(options)
            return nil
        } catch {
            return error.code
        }
    }
    #expect(code() == .unreadableFile)
    try folder.write("train.tsv", [])
    try folder.write("test.tsv", [])
    #expect(code() == .emptySplit)
    try "1\t2\n3\tx\n".write(toFile: folder.path + "/train.tsv", atomically: true, encoding: .utf8)
    #expect(code() == .malformedRow)
    _ = try writeSplit(folder)
    options.model = "magic"
    #expect(code() == .unknownModel)
    options.model = "ease"
    options.parameters = ["factors": 3]
    #expect(code() == .badParameter)
    options.model = nil
    #expect(code() == .badParameter)
    (options.model, options.parameters, options.rankedOut) = ("popularity", [:], folder.path + "/absent/ranked.tsv")
    #expect(code() == .unwritableFile)
}
