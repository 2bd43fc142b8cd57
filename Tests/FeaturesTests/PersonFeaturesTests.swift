import Domain
import Features
import Foundation
import Testing

@Suite struct PersonFeaturesTests {
    static let rich = PersonFeatures.make(
        profile: person(
            age: 31, gender: .female, location: "Basel", at: (47.56, 7.59), bio: "Sailing and chess", interests: ["Chess", "Jazz"]),
        behaviour: behaviour(liked: [(30, .male), (36, .male)], disliked: [(50, .male)], likedBy: [(33, .male)]),
        embedding: Embedding(userID: UserID(1), source: [1, 2], target: [3, 4]))

    @Test("Profile and behaviour become one row")
    func row() {
        let features = Self.rich
        #expect(features[.age] == 31)
        #expect(features[.gender] == 1)
        #expect(features[.positionKnown] == 1)
        #expect(abs(features[.likedMale] - Float(log(2.5 / 3.5))) < 1e-6)
        #expect(abs(features[.likedFemale] - Float(log(0.5 / 3.5))) < 1e-6)
        // (30 + 36 + 2·31) / 4, and 1/√((18 + 4·36) / 6).
        #expect(features[.likedAgeMean] == 32)
        #expect(abs(features[.likedAgePrecision] - Float(1 / 27.0.squareRoot())) < 1e-6)
        // Two likes and one dislike beside 1.4 and 2.6 of the prior.
        #expect(abs(features[.likeRateSent] - Float(log(3.4 / 3.6))) < 1e-6)
        #expect(abs(features[.popularity] - Float(log(2.0))) < 1e-6)
        #expect(abs(features[.novelty] - 5 / 6) < 1e-6)
        #expect(abs(features[.lastActive] - Float(1_767_225_600.0 / 86_400 - 1)) < 0.01)
    }

    @Test("A bare profile has finite features, and flags that say what is missing")
    func bare() {
        let features = PersonFeatures.make(profile: person(), behaviour: BehaviourCounters())
        #expect(features.values.count == PersonSchema.width)
        #expect(features.values.allSatisfy { $0.isFinite })
        for flag in [PersonSchema.Column.ageKnown, .positionKnown, .place, .likedAgeKnown, .likerAgeKnown] { #expect(features[flag] == 0) }
        #expect(features[.gender] == 3)
        #expect(features.interests.isEmpty && features.terms.isEmpty)
    }

    @Test("The profile's own last activity is not looked at: it may lie after the moment that is learnt from")
    func noFuture() {
        var profile = person(age: 30)
        let before = PersonFeatures.make(profile: profile, behaviour: behaviour())
        profile.lastActiveAt = now
        profile.updatedAt = now
        #expect(PersonFeatures.make(profile: profile, behaviour: behaviour()) == before)
    }

    @Test("Packed features come back as they were")
    func packing() throws {
        #expect(try PersonFeatures(unpacking: Self.rich.pack()) == Self.rich)
        let bare = PersonFeatures.make(profile: person(), behaviour: BehaviourCounters())
        #expect(try PersonFeatures(unpacking: bare.pack()) == bare)
    }

    @Test("A packed value that was cut short is refused")
    func truncation() {
        let bytes = Self.rich.pack()
        for length in 0..<bytes.count {
            #expect(throws: FeatureError.self) { try PersonFeatures(unpacking: Array(bytes.prefix(length))) }
        }
    }

    @Test("A packed value in which one bit changed is refused")
    func bitFlip() {
        let bytes = Self.rich.pack()
        for index in bytes.indices {
            var changed = bytes
            changed[index] ^= 0x10
            #expect(throws: FeatureError.self) { try PersonFeatures(unpacking: changed) }
        }
    }

    @Test("Another schema's value is refused as such")
    func otherSchema() {
        var bytes = Self.rich.pack()
        bytes[3] = 99
        #expect { try PersonFeatures(unpacking: bytes) } throws: { ($0 as? FeatureError)?.code == .unsupportedVersion }
    }
}
