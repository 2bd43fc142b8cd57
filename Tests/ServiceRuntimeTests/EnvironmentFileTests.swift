import Foundation
import ServiceRuntime
import Testing

/// `deploy/duet.env` is what operators read: it says neither more nor less than the code.
@Suite struct EnvironmentFileTests {
    private static func text() throws -> String {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        return try String(contentsOf: root.appending(path: "deploy/duet.env"), encoding: .utf8)
    }

    /// The variables of the file, with the value that each line shows.
    private static func assignments() throws -> [(name: String, value: String)] {
        try self.text().split(separator: "\n").compactMap { line in
            guard let match = line.wholeMatch(of: /#?([A-Z][A-Z0-9_]*)=(.*)/) else { return nil }
            return (String(match.1), String(match.2))
        }
    }

    @Test("Every variable stands in the file once, and no other")
    func names() throws {
        let names = try Self.assignments().map(\.name)
        #expect(names.sorted() == SettingName.allCases.map(\.rawValue).sorted())
    }

    @Test("The file shows the default that the code has", arguments: SettingName.allCases)
    func defaults(name: SettingName) throws {
        let shown = try #require(try Self.assignments().first { $0.name == name.rawValue })
        #expect(shown.value == name.description.defaultValue ?? "")
    }

    @Test("The file has the code's own words for what is meant and allowed")
    func words() throws {
        #expect(try Self.text() == Settings.documentation)
    }

    @Test("A line of the file taken as it stands changes nothing")
    func parses() throws {
        let given = Dictionary(uniqueKeysWithValues: try Self.assignments().map { ($0.name, $0.value) })
        let settings = try Settings(environment: given)
        let untouched = try Settings(environment: [:])
        #expect("\(settings)" == "\(untouched)")
    }
}
