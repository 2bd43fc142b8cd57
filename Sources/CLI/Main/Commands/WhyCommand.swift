import ArgumentParser
import Foundation
import Overview
import Supervision

struct Why: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show why somebody is, or is not, in a person's list, stage by stage.",
        discussion: "Asks the running gateway as an administrator; the question is written to the audit log.")

    @OptionGroup var folder: FolderOptions
    @Option(help: "Whose list: a person's id.") var user: Int64
    @Option(help: "Who is looked for: another person's id.") var target: Int64
    @Option(help: "Length of the list, 1 to 100.") var limit = 20
    @Flag(help: "Print the gateway's answer as it is.") var json = false

    func validate() throws {
        guard self.user > 0, self.target > 0 else { throw ValidationError("An id is a positive integer.") }
        guard (1...100).contains(self.limit) else { throw ValidationError("--limit is 1 to 100.") }
    }

    func run() async throws {
        let client = try await GatewayClient(folder: self.folder.folder, role: .admin)
        let response = try await client.get("/api/v1/admin/why?user=\(self.user)&target=\(self.target)&limit=\(self.limit)")
        if self.json {
            Console.standardOutput.line(response.text)
            return
        }
        let answer = try JSONDecoder().decode(WhyAnswer.self, from: Data(response.body))
        for line in answer.lines { Console.standardOutput.line(line) }
    }
}

/// The parts of an explanation that a terminal shows.
private struct WhyAnswer: Decodable {
    struct Proposal: Decodable {
        var source: String
        var rank: Int?
        var score: Double?
        var asked: Int
        var found: Int
    }

    struct Candidates: Decodable {
        var rules: [String]
        var sources: [Proposal]
        var rank: Int?
        var score: Double?
        var count: Int
        var outside_taste: Bool
        var impressions: Int
        var exposure_today: Int
    }

    struct Ranking: Decodable {
        struct Contribution: Decodable {
            var name: String
            var value: Double
        }

        var rank: Int
        var count: Int
        var score: Double
        var match_score: Double
        var was_candidate: Bool
        var contributions: [Contribution]
    }

    var verdict: String
    var candidates: Candidates?
    var ranking: Ranking?
    var admitted: Bool

    var lines: [String] {
        var lines = [self.verdict, ""]
        if let candidates = self.candidates {
            lines.append("Stage 1   rules: " + (candidates.rules.isEmpty ? "none" : candidates.rules.joined(separator: ", ")))
            if candidates.outside_taste { lines.append("          by their likes, one is not for the other's gender: exploration alone proposes") }
            if candidates.impressions > 0 { lines.append("          shown \(candidates.impressions) times without an answer") }
            var table = [["source", "rank", "score", "of", "asked"]]
            for proposal in candidates.sources {
                table.append([
                    proposal.source, proposal.rank.map(String.init) ?? "–", proposal.score.map { Format.decimal($0, 3) } ?? "–",
                    "\(proposal.found)", "\(proposal.asked)",
                ])
            }
            lines += Format.table(table, right: [1, 2, 3, 4]).map { "          " + $0 }
            lines.append("          merged: " + (candidates.rank.map { "rank \($0) of \(candidates.count)" } ?? "not among \(candidates.count)"))
        } else {
            lines.append("Stage 1   away, or one of the two is unknown there")
        }
        if let ranking = self.ranking {
            let place = ranking.was_candidate ? "rank" : "would be rank"
            lines.append(
                "Stage 2   \(place) \(ranking.rank) of \(ranking.count), score \(Format.decimal(ranking.score, 3)), match score "
                    + Format.decimal(ranking.match_score, 4))
            for term in ranking.contributions {
                lines.append("          \(term.value < 0 ? "−" : "+")\(Format.decimal(abs(term.value), 3))  \(term.name)")
            }
        } else {
            lines.append("Stage 2   away, or one of the two is unknown there")
        }
        lines.append("Gate      " + (self.admitted ? "lets them pass" : "stops them"))
        return lines
    }
}
