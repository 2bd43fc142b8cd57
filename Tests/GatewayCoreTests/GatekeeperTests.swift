import Domain
import GatewayCore
import HTTPTypes
import Synchronization
import Testing

/// The last look at the truth, with copies in the process. What the store holds is changed behind the gateway's back, to see what is read.
@Suite struct GatekeeperTests {
    @Test("Who was read for one list is not read again for the next, until somebody announces a change of them")
    func copies() async throws {
        let harness = await Harness(people: 20)
        let first = await harness.recommendations("?limit=5&exclude_seen=false")
        #expect(first.ids.count == 5)
        #expect(harness.reads().count == 1)
        // Another list of the same people: nobody is read.
        #expect(await harness.recommendations("?limit=4&exclude_seen=false").ids == Array(first.ids.prefix(4)))
        #expect(harness.reads().isEmpty)
        let id = try #require(first.ids.first)
        harness.store.state.withLock { $0.users[UserID(id)]?.name = "Renamed" }
        try await harness.cache.changed(people: [UserID(id)])
        let renamed = await harness.recommendations("?limit=3&exclude_seen=false")
        #expect(renamed.json["recommendations"]?.array?.first?["name"]?.string == "Renamed")
        #expect(harness.reads() == [[UserID(id)]])
    }

    @Test("A block, a ban and a pause count at once, whatever is held")
    func truth() async throws {
        let harness = await Harness(people: 20)
        let ids = await harness.recommendations("?limit=8").ids
        // Blocks are never taken from a copy: nobody announces this one.
        harness.store.state.withLock { _ = $0.blocks.insert([UserID(ids[0]), UserID(1)]) }
        #expect(await harness.recommendations("?limit=7").ids == Array(ids[1...7]))
        #expect(await harness.send(.post, "/api/v1/admin/users/\(ids[1])/ban", token: "admin:root").status == 204)
        #expect(await harness.recommendations("?limit=6").ids == Array(ids[2...7]))
        let pause = #"{"visibility": "paused"}"#
        #expect(await harness.send(.put, "/api/v1/users/\(ids[2])/preferences", body: pause, token: "user:\(ids[2])").status == 200)
        #expect(await harness.recommendations("?limit=5").ids == Array(ids[3...7]))
        #expect(await harness.send(.delete, "/api/v1/users/\(ids[3])").status == 204)
        #expect(await harness.recommendations("?limit=4").ids == Array(ids[4...7]))
        #expect(await harness.recommendations("?limit=4", of: Int(ids[3])).status == 404)
    }

    @Test("Without the log of changes, and without room, everybody is read anew")
    func withoutCopies() async {
        let harness = await Harness(people: 20)
        let roomless = await Harness(people: 20) { $0.profileCacheCapacity = 0 }
        harness.cache.setAway(true)
        for one in [harness, roomless] {
            let ids = await one.recommendations("?limit=5").ids
            #expect(await one.recommendations("?limit=4").ids == Array(ids.prefix(4)))
            #expect(one.reads().map { $0.count > 4 } == [true, true])
        }
    }

    @Test("A viewer who judged too many to be told beforehand gets the same list")
    func busyViewer() async {
        let harness = await Harness(people: 20)
        let ids = await harness.recommendations("?limit=6").ids
        harness.store.state.withLock { state in
            state.isTooMuch = true
            state.blocks.insert([UserID(1), UserID(ids[0])])
        }
        #expect(await harness.recommendations("?limit=5").ids == Array(ids[1...5]))
    }
}

extension Harness {
    /// Whose profiles were read for lists since the last call.
    fileprivate func reads() -> [[UserID]] {
        self.store.state.withLock { state in
            defer { state.visibleCalls = [] }
            return state.visibleCalls
        }
    }
}
