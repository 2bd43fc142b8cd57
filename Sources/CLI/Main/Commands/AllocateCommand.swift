import ArgumentParser
import Domain
import Foundation
import Models

struct Allocate: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Put people together by both sides' scores, with places, so that no two would rather have each other.",
        discussion: """
            For mentoring and the like. --pairs is a file of lines "proposer receiver proposer_score receiver_score" with tabs between, \
            --capacities one of lines "id places" (one place where nothing is said). Prints a line "proposer receiver" for each pair made.
            """)

    @Option(help: ArgumentHelp("Possible pairs with both scores.", valueName: "file")) var pairs: String
    @Option(help: ArgumentHelp("Places of people who have more or fewer than one.", valueName: "file")) var capacities: String?

    func run() throws {
        let pairs = try Self.rows(self.pairs, width: 4).map { row in
            AllocationPair(
                proposer: UserID(Int64(row[0])), receiver: UserID(Int64(row[1])), proposerScore: row[2], receiverScore: row[3])
        }
        var places: [UserID: Int] = [:]
        if let path = self.capacities {
            for row in try Self.rows(path, width: 2) { places[UserID(Int64(row[0]))] = Int(row[1]) }
        }
        let allocation = StableAllocation(pairs, capacities: places)
        for pair in allocation.pairs { Console.standardOutput.line("\(pair.proposer)\t\(pair.receiver)") }
        let proposers = Set(pairs.map(\.proposer)).count
        Console.standardError.line(
            "\(allocation.pairs.count) pairs of \(Set(allocation.pairs.map(\.proposer)).count) of \(proposers) proposers; "
                + "\(allocation.blockingPairs(among: pairs).count) blocking pairs")
    }

    /// Numbers of a file, so many a line; the first column or two are identifiers.
    private static func rows(_ path: String, width: Int) throws -> [[Double]] {
        guard let text = try? String(contentsOfFile: path, encoding: .utf8) else { throw Failure("\(path) can't be read.") }
        var rows: [[Double]] = []
        for (number, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() where !line.isEmpty {
            let row = line.split(separator: "\t").compactMap { Double($0.trimmingCharacters(in: .whitespaces)) }
            let identifiers = row.prefix(width == 4 ? 2 : 1)
            guard row.count == width, row.allSatisfy(\.isFinite), identifiers.allSatisfy({ $0 >= 1 && $0 < 0x1p53 && $0 == $0.rounded() }),
                width == 4 || (0...1_000_000).contains(row[1])
            else { throw Failure("\(path), line \(number + 1): \(width) numbers with tabs between are expected, ids first.") }
            rows.append(row)
        }
        return rows
    }
}
