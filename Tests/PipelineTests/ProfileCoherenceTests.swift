import Domain
import GatewayCore
import HTTPTypes
import Synchronization
import Testing

/// The profiles that each of two gateways keeps, while both change them.
@Suite(.enabled(if: TwoGateways.isAvailable)) struct ProfileCoherenceTests {
    @Test("No gateway shows a profile older than an acknowledged change, whichever made it, however readers and writers race")
    func changes() async throws {
        try await TwoGateways.with { duo in
            let people = try await duo.people(6)
            let race = Race(writers: 2)
            await withDiscardingTaskGroup { group in
                for half in 0..<2 {
                    group.addTask {
                        for number in 1...150 {
                            // Each person has one writer, so that the numbers grow.
                            guard let person = people.enumerated().filter({ $0.offset % 2 == half }).randomElement()?.element else { return }
                            let answer = await duo.send(
                                .random(in: 0...1), .put, "/api/v1/users/\(person)", body: #"{"bio": "\#(number)"}"#)
                            if answer.status == 200 { race.acknowledged.withLock { $0[person] = number } }
                        }
                        race.writers.subtract(1, ordering: .relaxed)
                    }
                }
                for _ in 0..<8 {
                    group.addTask {
                        while race.writers.load(ordering: .relaxed) > 0, let person = people.randomElement() {
                            let least = race.acknowledged.withLock { $0[person] ?? 0 }
                            let gateway = Int.random(in: 0...1)
                            let answer = await duo.send(gateway, .get, "/api/v1/users/\(person)")
                            let number = answer.json["bio"]?.string.flatMap { Int($0) } ?? 0
                            if number < least { race.stale.withLock { $0.append("\(person) at \(gateway): \(number) after \(least)") } }
                            race.reads.add(1, ordering: .relaxed)
                        }
                    }
                }
            }
            #expect(race.stale.withLock { $0 } == [])
            #expect(race.acknowledged.withLock { $0.count } == people.count)
            #expect(race.reads.load(ordering: .relaxed) > 300)
        }
    }

    @Test("A block hides the profile on both gateways as soon as it is acknowledged, its end shows it again")
    func blocks() async throws {
        try await TwoGateways.with { duo in
            let people = try await duo.people(2)
            func seen() async -> [Int] {
                var statuses: [Int] = []
                for gateway in 0..<2 {
                    statuses.append(await duo.send(gateway, .get, "/api/v1/users/\(people[1])", token: "user:\(people[0])").status)
                }
                return statuses
            }
            for round in 0..<20 {
                // Twice, so that the second comes from the copy.
                #expect(await seen() + seen() == [200, 200, 200, 200])
                #expect(await duo.record(.block, by: people[1], of: people[0], through: round % 2).status == 201)
                #expect(await seen() == [404, 404])
                let path = "/api/v1/users/\(people[1])/blocks/\(people[0])"
                #expect(await duo.send((round + 1) % 2, .delete, path).status == 204)
            }
            #expect(await duo.send(0, .get, "/api/v1/users/\(people[1])").status == 200)
        }
    }

    @Test("A ban hides the profile on both gateways as soon as it is acknowledged, its end shows it again")
    func bans() async throws {
        try await TwoGateways.with { duo in
            let people = try await duo.people(2)
            let (path, ban) = ("/api/v1/users/\(people[1])", "/api/v1/admin/users/\(people[1])/ban")
            func seen() async -> [Int] {
                await (0..<4).asyncMap { await duo.send($0 / 2, .get, path, token: "user:\(people[$0 % 2])").status }
            }
            for round in 0..<10 {
                // Twice, so that the second comes from the copy.
                #expect(await seen() + seen() == Array(repeating: 200, count: 8))
                #expect(await duo.send(round % 2, .post, ban, token: "admin:tests").status == 204)
                #expect(await seen() == [404, 404, 404, 404])
                #expect(await duo.send((round + 1) % 2, .delete, ban, token: "admin:tests").status == 204)
            }
        }
    }

    @Test("What somebody does and their erasure are seen on the other gateway at once")
    func actionsAndErasure() async throws {
        try await TwoGateways.with { duo in
            let people = try await duo.people(3)
            let path = "/api/v1/users/\(people[0])"
            var before = ""
            for round in 0..<20 {
                for gateway in 0..<2 { #expect(await duo.send(gateway, .get, path).status == 200) }
                let recorded = await duo.record(.like, by: people[0], of: people[1 + round % 2], through: round % 2)
                #expect(recorded.status == 201)
                let seen = await (0..<2).asyncMap { await duo.send($0, .get, path).json["last_active_at"]?.string ?? "" }
                #expect(seen[0] == seen[1])
                #expect(seen[0] > before)
                before = seen[0]
            }
            #expect(await duo.send(0, .delete, path).status == 204)
            for gateway in 0..<2 { #expect(await duo.send(gateway, .get, path).status == 404) }
        }
    }
}

/// What readers and writers know of each other.
private final class Race: Sendable {
    /// The largest number of each person whose change was acknowledged.
    let acknowledged = Mutex<[UserID: Int]>([:])
    let stale = Mutex<[String]>([])
    let reads = Atomic(0)
    /// Those that still write.
    let writers: Atomic<Int>

    init(writers: Int) { self.writers = Atomic(writers) }
}

extension Sequence {
    fileprivate func asyncMap<Result>(_ transform: (Element) async -> Result) async -> [Result] {
        var results: [Result] = []
        for element in self { results.append(await transform(element)) }
        return results
    }
}
