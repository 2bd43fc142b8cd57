import ArgumentParser
import Foundation
import Overview
import Supervision

struct Recommend: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show whom a person would be recommended, with sources and reasons.",
        discussion: "Asks the running gateway, as any client would.")

    @OptionGroup var folder: FolderOptions
    @Argument(help: "The person's id.") var id: Int64
    @Option(help: "How many people, 1 to 100.") var limit = 10
    @Flag(help: "Print the gateway's answer as it is.") var json = false

    func validate() throws {
        guard self.id > 0 else { throw ValidationError("An id is a positive integer.") }
        guard (1...100).contains(self.limit) else { throw ValidationError("--limit is 1 to 100.") }
    }

    func run() async throws {
        let client = try await GatewayClient(folder: self.folder.folder)
        let response = try await client.get("/api/v1/recommendations/users/\(self.id)/recommendations/explain?limit=\(self.limit)")
        if self.json {
            Console.standardOutput.line(response.text)
            return
        }
        let answer = try JSONDecoder().decode(RecommendationAnswer.self, from: Data(response.body))
        for line in answer.lines { Console.standardOutput.line(line) }
    }
}

/// Asks the gateway that runs in a folder, with a token of a minute.
struct GatewayClient: Sendable {
    private let address: SocketAddress
    private let token: String

    /// - Throws: A sentence if nothing runs there.
    init(folder: DataFolder, role: TokenMint.Role = .service) async throws {
        guard FolderLock.isHeld(folder.lock), let state = StateFile.read(folder.state), let host = state.places["host"],
            let port = state.places["port"].flatMap({ Int($0) })
        else { throw Failure("Nothing serves in \(folder.root): start it with duet up.") }
        try await self.init(folder: folder, host: host, port: port, role: role)
    }

    init(folder: DataFolder, host: String, port: Int, role: TokenMint.Role = .service) async throws {
        self.address = .tcp(host: host, port: port)
        self.token = try await TokenMint(folder: folder).token(role: role, subject: "duet", lifetime: .seconds(60))
    }

    /// - Throws: ``Failure`` with the gateway's own sentence unless it answers 200.
    func get(_ target: String) async throws -> HTTPProbe.Response {
        let response = try await HTTPProbe.get(
            self.address, target, headers: [("Authorization", "Bearer \(self.token)")], timeout: .seconds(10))
        guard response.status == 200 else {
            let error = try? JSONDecoder().decode(GatewayError.self, from: Data(response.body))
            throw Failure(error?.error ?? "The gateway answered with status \(response.status).")
        }
        return response
    }

    private struct GatewayError: Decodable {
        var error: String
    }
}

/// The parts of a recommendation answer that a terminal shows.
struct RecommendationAnswer: Decodable {
    struct Person: Decodable {
        var id: Int64
        var name: String
        var age: Int?
        var location: String?
        var matchScore: Double?
        var sources: [String]?

        enum CodingKeys: String, CodingKey {
            case id, name, age, location, sources
            case matchScore = "match_score"
        }
    }

    struct Explanation: Decodable {
        var reasons: [String]
    }

    var recommendations: [Person]
    var algorithmVersion: String
    var generationTime: Double
    var degraded: [String]?
    var explanations: [String: Explanation]?

    enum CodingKeys: String, CodingKey {
        case recommendations, degraded, explanations
        case algorithmVersion = "algorithm_version"
        case generationTime = "generation_time_ms"
    }

    var lines: [String] {
        var table = [["#", "score", "id", "name", "age", "place", "sources"]]
        for (index, person) in self.recommendations.enumerated() {
            table.append([
                "\(index + 1)", person.matchScore.map { Format.decimal($0, 3) } ?? "–", "\(person.id)", person.name,
                person.age.map(String.init) ?? "–", person.location ?? "–", (person.sources ?? []).joined(separator: " "),
            ])
        }
        let skipped = self.degraded ?? []
        let without = skipped.isEmpty ? "" : ", without \(skipped.joined(separator: ", "))"
        var lines = [
            "\(self.recommendations.count) people by model \(self.algorithmVersion) in \(Format.decimal(self.generationTime, 2)) ms\(without)"
        ]
        for (index, row) in Format.table(table, right: [0, 1, 2, 4]).enumerated() {
            lines.append(row)
            guard index > 0, let reasons = self.explanations?["\(self.recommendations[index - 1].id)"]?.reasons, !reasons.isEmpty else {
                continue
            }
            lines.append("       " + reasons.joined(separator: " · "))
        }
        return lines
    }
}
