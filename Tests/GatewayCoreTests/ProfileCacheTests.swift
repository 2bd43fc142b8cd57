import Domain
import GatewayCore
import HTTPTypes
import Synchronization
import Testing

/// Profiles from the process's own cache. What the store holds is changed behind the gateway's back, to see which of the two answers.
@Suite struct ProfileCacheTests {
    private static let path = "/api/v1/users/1"

    @Test("A profile is read once, until somebody announces a change or the person does something")
    func reading() async {
        let harness = await Harness(people: 3)
        #expect(await harness.name() == "Person 1")
        harness.rename("Other")
        #expect(await harness.name() == "Person 1")
        try? await harness.cache.changed(people: [UserID(2)])
        #expect(await harness.name() == "Person 1")
        try? await harness.cache.changed(people: [UserID(1)])
        #expect(await harness.name() == "Other")
        harness.rename("Third")
        #expect(await harness.name() == "Other")
        try? await harness.cache.bump(viewers: [UserID(1)])
        #expect(await harness.name() == "Third")
    }

    @Test("The gateway's own changes and erasures are seen at once")
    func ownChanges() async {
        let harness = await Harness(people: 3)
        #expect(await harness.name() == "Person 1")
        #expect(await harness.send(.put, Self.path, body: #"{"name": "New"}"#).status == 200)
        #expect(await harness.name() == "New")
        #expect(await harness.send(.delete, Self.path).status == 204)
        #expect(await harness.get(Self.path).status == 404)
    }

    @Test("Without the cache's versions every profile is read anew")
    func away() async {
        let harness = await Harness(people: 3)
        #expect(await harness.name() == "Person 1")
        harness.rename("Other")
        harness.cache.setAway(true)
        #expect(await harness.name() == "Other")
        // A change that can't be announced is not acknowledged, and nothing is taken from a copy before it has been.
        #expect(await harness.send(.put, Self.path, body: #"{"name": "New"}"#).status == 503)
        harness.cache.setAway(false)
        #expect(await harness.name() == "New")
    }

    @Test("A copy is for the eyes of those alone of whom it is known that nothing hides it from them")
    func viewers() async {
        let harness = await Harness(people: 3)
        #expect(await harness.get(Self.path).status == 200)
        harness.store.state.withLock { _ = $0.blocks.insert([UserID(1), UserID(2)]) }
        #expect(await harness.get(Self.path, token: "user:2").status == 404)
        #expect(await harness.get(Self.path, token: "user:3").status == 200)
        #expect(await harness.get(Self.path, token: "user:1").status == 200)
        #expect(await harness.get(Self.path, token: "user:2").status == 404)
        let block = #"{"user_id": 1, "target_user_id": 3, "interaction_type": "block"}"#
        #expect(await harness.send(.post, "/api/v1/interactions/", body: block).status == 201)
        #expect(await harness.get(Self.path, token: "user:3").status == 404)
    }

    @Test("A copy lives for half a minute, and a full cache drops the oldest")
    func bounds() async {
        let harness = await Harness(people: 9) { $0.profileCacheCapacity = 4 }
        #expect(await harness.name() == "Person 1")
        harness.rename("Other")
        harness.clock.advance(.seconds(29))
        #expect(await harness.name() == "Person 1")
        harness.clock.advance(.seconds(1))
        #expect(await harness.name() == "Other")
        harness.rename("Third")
        for id in 2...6 { #expect(await harness.get("/api/v1/users/\(id)").status == 200) }
        #expect(await harness.name() == "Third")
    }
}

extension Harness {
    fileprivate func name() async -> String? { await self.get("/api/v1/users/1").json["name"]?.string }
    fileprivate func rename(_ name: String) { self.store.state.withLock { $0.users[UserID(1)]?.name = name } }
}
