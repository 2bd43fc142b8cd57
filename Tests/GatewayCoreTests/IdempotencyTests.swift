import Domain
import GatewayCore
import HTTPTypes
import Synchronization
import Testing

@Suite struct IdempotencyTests {
    private static let person = #"{"name":"A","age":30,"gender":"male","location":"Oslo"}"#

    @Test func aRepeatedCreationIsDoneOnce() async {
        let harness = await Harness(people: 2)
        let first = await harness.send(.post, "/api/v1/users/", body: Self.person, headers: ["Idempotency-Key": "k1"])
        let second = await harness.send(.post, "/api/v1/users/", body: Self.person, headers: ["Idempotency-Key": "k1"])
        #expect(first.status == 201 && second.status == 201)
        #expect(first.bytes == second.bytes)
        #expect(first.header("Location") == second.header("Location"))
        #expect(first.header("Idempotent-Replayed") == nil)
        #expect(second.header("Idempotent-Replayed") == "true")
        #expect(harness.store.state.withLock { $0.users.count } == 3)
    }

    @Test("White space is no other body, anything else is")
    func otherBodies() async {
        let harness = await Harness(people: 1)
        let key = ["Idempotency-Key": "k1"]
        _ = await harness.send(.post, "/api/v1/users/", body: Self.person, headers: key)
        let spaced = Self.person.replacing(":", with: " : ")
        #expect(await harness.send(.post, "/api/v1/users/", body: spaced, headers: key).status == 201)
        let other = Self.person.replacing("30", with: "31")
        #expect(await harness.send(.post, "/api/v1/users/", body: other, headers: key).status == 409)
        // The same key for another operation, too.
        #expect(await harness.send(.post, "/api/v1/recommendations/refresh?user_id=1", headers: key).status == 409)
    }

    @Test func keysOfDifferentSubjectsAreDifferent() async {
        let harness = await Harness(people: 1)
        for token in ["service:a", "service:b", "admin:a"] {
            let answer = await harness.send(
                .post, "/api/v1/users/", body: Self.person, token: token, headers: ["Idempotency-Key": "k1"])
            #expect(answer.header("Idempotent-Replayed") == nil)
        }
        #expect(harness.store.state.withLock { $0.users.count } == 4)
    }

    @Test func aFailureIsNotRemembered() async {
        let harness = await Harness(people: 1)
        harness.store.setAway(true)
        let key = ["Idempotency-Key": "k1"]
        #expect(await harness.send(.post, "/api/v1/users/", body: Self.person, headers: key).status == 503)
        harness.store.setAway(false)
        #expect(await harness.send(.post, "/api/v1/users/", body: Self.person, headers: key).status == 201)
    }

    @Test func whileTheFirstIsBeingAnsweredTheSecondIsToldSo() async throws {
        let harness = await Harness(people: 1)
        _ = try await harness.memory.claim("service:tests:k1")
        let answer = await harness.send(.post, "/api/v1/users/", body: Self.person, headers: ["Idempotency-Key": "k1"])
        #expect(answer.status == 409)
        #expect(answer.header("Retry-After") == "1")
    }
}
