import Foundation
import Overview
import Supervision

/// What `duet up` says once everything serves: a sample, the address, a token, a line to try.
struct Welcome: Sendable {
    let folder: DataFolder
    let console: Console
    let host: String
    let port: Int
    let address: String

    /// - Parameter person: Whose recommendations are shown; `nil` for an empty store.
    func show(person: Int64?, after duration: Duration) async throws {
        if let person { try await self.showSample(of: person) }
        let token = try await TokenMint(folder: self.folder).token(role: .service, subject: "sample", lifetime: .seconds(86_400))
        let target = "/api/v1/recommendations/users/\(person ?? 1)/recommendations?limit=20"
        self.console.line("")
        self.console.line("Duet serves on \(self.address) (ready after \(Format.duration(duration))).")
        self.console.line("A token for trying, role service, valid for a day:")
        self.console.line(token)
        self.console.line("Try it:")
        self.console.line("curl -s -H 'Authorization: Bearer \(token)' '\(self.address)\(target)'")
    }

    private func showSample(of person: Int64) async throws {
        let client = try await GatewayClient(folder: self.folder, host: self.host, port: self.port)
        let response = try await client.get("/api/v1/recommendations/users/\(person)/recommendations?limit=5")
        let answer = try JSONDecoder().decode(RecommendationAnswer.self, from: Data(response.body))
        self.console.line("")
        self.console.line("Whom person \(person) would be shown:")
        for line in answer.lines.dropFirst() { self.console.line(line) }
    }
}
