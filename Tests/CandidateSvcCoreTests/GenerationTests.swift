import CandidateSvcCore
import Domain
import Mesh
import MeshAPI
import Telemetry
import Testing

@Suite("Stage 1 as a whole")
struct GenerationTests {
    @Test("Each person once, with all the sources that proposed them, sorted by score")
    func merging() async throws {
        let community = Community()
        for id: Int64 in 1...60 {
            community.add(id, at: (50, 8 + Double(id) / 100), interests: ["Go"], joinedDaysAgo: 1, activeDaysAgo: 0)
        }
        for id: Int64 in 20...25 { try await community.like(id, 2...12) }
        try await community.like(1, [2, 3])
        try await community.tail.catchUp()
        let list = community.generator().generate(query(1, limit: 40))
        #expect(list.people.count == 40)
        #expect(Set(list.people).count == 40)
        #expect(list.scores == list.scores.sorted(by: >))
        #expect(list.sources.contains { $0.names.count >= 3 })
        #expect(list.sources.allSatisfy { !$0.names.isEmpty })
        for report in list.reports {
            #expect(report.kept == list.sources.count { $0.contains(CandidateSources(report.source)) })
        }
    }

    @Test("A quota holds a place for each source; what one doesn't fill goes to others")
    func quotas() async throws {
        let community = Community()
        community.add(1, at: (50, 8))
        for id: Int64 in 2...41 { community.add(id, interests: ["none"]) }
        for id: Int64 in 42...81 { community.add(id, at: (50, 8)) }
        for id: Int64 in 2...41 { try await community.like(50, [id]) }
        try await community.tail.catchUp()
        var settings = CandidateSettings()
        settings.shares = [.popular: 0.5, .nearby: 0.5, .social: 1]
        settings.weights = [.popular: 1, .nearby: 0.001, .social: 1]
        let list = community.generator(settings).generate(query(1, limit: 20))
        #expect(list.people.count == 20)
        #expect(list.people.count { $0.rawValue > 41 } >= 5, "The light source keeps its quota.")
        #expect(list.people.count { $0.rawValue <= 41 } >= 5)
    }

    @Test("A new person with nothing but a name gets at least ten people at once")
    func newPerson() async throws {
        let community = Community()
        for id: Int64 in 1...40 { community.add(id, gender: id.isMultiple(of: 2) ? .female : .male) }
        for id: Int64 in 1...10 { try await community.like(id, [id + 1, id + 3]) }
        try await community.activate("a", Dictionary(uniqueKeysWithValues: (1...40).map { (Int64($0), ([1, 0], [0, 1])) }))
        try await community.tail.catchUp()
        try await community.loader.refresh()
        community.add(41, age: nil)
        try await community.tail.catchUp()
        #expect(community.people(query(41, limit: 20)).count == 20)
        let stranger = community.generator().generate(query(1000, limit: 20))
        #expect(stranger.people.count == 20 && !stranger.isViewerKnown)
    }

    @Test("A model is swapped while searches go on")
    func swap() async throws {
        let community = Community()
        for id: Int64 in 1...200 { community.add(id) }
        try await community.tail.catchUp()
        let loader = community.loader
        let versions = (0..<6).map { "v\($0)" }
        func factors(_ sign: Float) -> [Int64: (source: [Float], target: [Float])] {
            Dictionary(uniqueKeysWithValues: (1...200).map { (Int64($0), ([1, 0], [sign * Float($0), 1])) })
        }
        try await community.activate(versions[0], factors(1))
        try await loader.refresh()
        let generator = community.generator(only: .collaborative)
        await withTaskGroup(of: Bool.self) { group in
            group.addTask {
                do {
                    for (index, version) in versions.enumerated().dropFirst() {
                        try await community.activate(version, factors(index.isMultiple(of: 2) ? 1 : -1))
                        guard try await loader.refresh() else { return false }
                    }
                    return true
                } catch {
                    return false
                }
            }
            for _ in 0..<2 {
                group.addTask {
                    for _ in 0..<200 {
                        let list = generator.generate(query(100, limit: 5))
                        // Whole and of one model: the best of either sign, never a mixture.
                        let isUp = list.people.map(\.rawValue) == [200, 199, 198, 197, 196]
                        let isDown = list.people.map(\.rawValue) == [1, 2, 3, 4, 5]
                        guard isUp || isDown else { return false }
                    }
                    return true
                }
            }
            for await isRight in group { #expect(isRight) }
        }
        #expect(generator.generate(query(100, limit: 5)).modelVersion == "v5")
        #expect(try await !loader.refresh(), "The same model is not loaded twice.")
    }

    @Test("A call that names no number gets as many as the setting says")
    func topK() async throws {
        let community = Community()
        for id: Int64 in 1...60 { community.add(id) }
        try await community.tail.catchUp()
        var settings = CandidateSettings()
        settings.topK = 17
        let server = CandidateServer(index: community.index, settings: settings, metrics: MetricsRegistry(), now: { Community.now })
        let context = CallContext(deadline: .never)
        #expect(try await server.generate(GenerateRequest(userID: 1), context: context).userIDs.count == 17)
        #expect(try await server.generate(GenerateRequest(userID: 1, limit: 30), context: context).userIDs.count == 30)
    }

    @Test("Wrong requests are refused, unknown people only by a replica that can know")
    func server() async throws {
        let community = Community()
        for id: Int64 in 1...12 { community.add(id) }
        try await community.tail.catchUp()
        let server = CandidateServer(index: community.index, metrics: MetricsRegistry(), now: { Community.now })
        let context = CallContext(deadline: .never)
        let answer = try await server.generate(GenerateRequest(userID: 1, limit: 50, filter: Filter(maxAge: 30)), context: context)
        #expect(answer.userIDs.count == 11 && answer.scores.count == 11 && answer.sources.count == 11)
        #expect(answer.position > 0 && answer.reports.count == 6)
        let wrong: [(GenerateRequest, MeshError.Code)] = [
            (GenerateRequest(userID: 0, limit: 5), .invalidArgument),
            (GenerateRequest(userID: .max, limit: 5), .invalidArgument),
            (GenerateRequest(userID: 1, limit: 2001), .invalidArgument),
            (GenerateRequest(userID: 1, limit: 5, filter: Filter(gender: "man")), .invalidArgument),
            (GenerateRequest(userID: 1, limit: 5, filter: Filter(minAge: 40, maxAge: 30)), .invalidArgument),
            (GenerateRequest(userID: 1, limit: 5, filter: Filter(maxDistanceKm: .nan)), .invalidArgument),
            (GenerateRequest(userID: 99, limit: 5), .notFound),
            (GenerateRequest(userID: 99, limit: 5, minPosition: answer.position), .notFound),
        ]
        for (request, code) in wrong {
            await #expect { try await server.generate(request, context: context) } throws: { ($0 as? MeshError)?.code == code }
        }
        let behind = try await server.generate(
            GenerateRequest(userID: 99, limit: 5, minPosition: answer.position + 1), context: context)
        #expect(behind.userIDs.count == 5 && behind.position == answer.position)
        await #expect { try await server.similar(SimilarRequest(userID: 99, limit: 5), context: context) } throws: {
            ($0 as? MeshError)?.code == .notFound
        }
    }
}
