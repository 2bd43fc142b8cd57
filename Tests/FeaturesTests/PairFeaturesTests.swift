import Domain
import Features
import Foundation
import Testing

@Suite struct PairFeaturesTests {
    static func make(_ user: User, _ counters: BehaviourCounters = BehaviourCounters()) -> PersonFeatures {
        PersonFeatures.make(profile: user, behaviour: counters)
    }

    @Test("Schemas have the width and the names that a model may rely on")
    func schemas() {
        #expect(PersonSchema.schema.width == PersonSchema.width)
        #expect(PairSchema.schema.width == 27)
        #expect(PairSchema.schema.index(of: "distance") == PairSchema.Feature.distance.index)
        #expect(PairSchema.schema.index(of: "unheard_of") == nil)
    }

    @Test("The collaborative score is the viewer's taste against the candidate's appeal", arguments: [2, 3, 8, 11, 16])
    func collaborative(dimension: Int) {
        var viewer = Self.make(person(1))
        var candidate = Self.make(person(2))
        viewer.sourceFactors = (0..<dimension).map { Float($0) + 1 }
        viewer.targetFactors = .init(repeating: 9, count: dimension)
        candidate.sourceFactors = .init(repeating: -9, count: dimension)
        candidate.targetFactors = .init(repeating: 2, count: dimension)
        let features = pair(viewer, candidate, dimension: dimension)
        let sum = Double(dimension * (dimension + 1))
        let squares = (1...dimension).map { Double($0 * $0) }.reduce(0, +)
        #expect(features(.collaborativeScore) == sum)
        #expect(abs(features(.collaborativeCosine) - sum / (squares * 4 * Double(dimension)).squareRoot()) < 1e-6)
        #expect(features(.collaborativeMissing) == 0)
    }

    @Test("Someone without factors is flagged")
    func collaborativeMissing() {
        var viewer = Self.make(person(1))
        viewer.sourceFactors = [1, 2]
        viewer.targetFactors = [1, 2]
        let features = pair(viewer, Self.make(person(2)), dimension: 2)
        #expect(features(.collaborativeMissing) == 1)
        #expect(features(.collaborativeScore) == 0 && features(.collaborativeCosine) == 0)
    }

    @Test("Gender affinity is the log share of likes that went to the candidate's gender, in both directions")
    func genderAffinity() {
        let viewer = Self.make(person(1, gender: .male), behaviour(liked: [(30, .female), (31, .female), (32, .male)]))
        let candidate = Self.make(person(2, gender: .female), behaviour(liked: [(30, .male)], likedBy: [(40, .male), (40, .male)]))
        let features = pair(viewer, candidate)
        #expect(abs(features(.genderAffinity) - log(2.5 / 4.5)) < 1e-6)
        #expect(abs(features(.reverseGenderAffinity) - log(1.5 / 2.5)) < 1e-6)
        #expect(abs(features(.likerGenderAffinity) - log(2.5 / 3.5)) < 1e-6)
        #expect(features(.genderPrior) == 0)
        #expect(features(.genderMissing) == 0)
    }

    @Test("The same gender counts less, the more is known of whom the viewer likes")
    func genderPrior() {
        let candidate = Self.make(person(2, gender: .female))
        #expect(pair(Self.make(person(1, gender: .female)), candidate)(.genderPrior) == 1)
        let known = Self.make(person(1, gender: .female), behaviour(liked: .init(repeating: (30, .female), count: 6)))
        #expect(pair(known, candidate)(.genderPrior) == 0.25)
        let unknown = pair(Self.make(person(1)), candidate)
        #expect(unknown(.genderMissing) == 1 && unknown(.genderPrior) == 0 && unknown(.reverseGenderAffinity) == 0)
    }

    @Test("Ages are measured in what the liker usually likes")
    func ages() {
        // Mean (30 + 34 + 2·32) / 4 = 32, variance (8 + 144) / 6.
        let viewer = Self.make(person(1, age: 32), behaviour(liked: [(30, .female), (34, .female)]))
        let candidate = Self.make(person(2, age: 27), behaviour(likedBy: [(45, .male)]))
        let features = pair(viewer, candidate)
        #expect(abs(features(.likedAgeGap) - 5 / (152.0 / 6).squareRoot()) < 1e-5)
        #expect(abs(features(.ageDifference) - 0.5) < 1e-6)
        // The candidate liked nobody: the mean is their own age, the deviation the prior's.
        #expect(abs(features(.reverseAgeGap) - 5 / 6.0) < 1e-5)
        // Likers: (45 + 2·27) / 3 = 33, variance 144 / 5.
        #expect(abs(features(.likerAgeGap) - 1 / (144.0 / 5).squareRoot()) < 1e-5)
        #expect(features(.ageMissing) == 0 && features(.likedAgeMissing) == 0)
        let missing = pair(viewer, Self.make(person(2)))
        #expect(missing(.ageMissing) == 1 && missing(.likedAgeMissing) == 1)
        #expect(missing(.ageDifference) == 0 && missing(.likedAgeGap) == 0 && missing(.reverseAgeGap) == 0)
        #expect(pair(viewer, Self.make(person(2, age: 120)))(.likedAgeGap) == 5)
    }

    @Test("Distance is that on the sphere", arguments: [(47.56, 7.59), (47.3769, 8.5417), (-33.87, 151.21), (47.5, 7.6), (-47.5, -172.4)])
    func distance(latitude: Double, longitude: Double) throws {
        let origin = try #require(Coordinate(latitude: 47.5, longitude: 7.6))
        let target = try #require(Coordinate(latitude: latitude, longitude: longitude))
        let features = pair(Self.make(person(1, at: (47.5, 7.6))), Self.make(person(2, at: (latitude, longitude))))
        #expect(abs(features(.distance) - log1p(origin.kilometres(to: target))) < 2e-3)
        #expect(features(.distanceMissing) == 0)
    }

    @Test("Places are the same whatever their spelling; unknown ones never are")
    func places() {
        let viewer = Self.make(person(1, location: "Basel"))
        #expect(pair(viewer, Self.make(person(2, location: " basel ")))(.samePlace) == 1)
        #expect(pair(viewer, Self.make(person(2, location: "Bern")))(.samePlace) == 0)
        let unknown = pair(Self.make(person(1)), Self.make(person(2)))
        #expect(unknown(.samePlace) == 0 && unknown(.distanceMissing) == 1 && unknown(.distance) == 0)
    }

    @Test("Interests and biographies overlap as sets")
    func content() {
        let viewer = Self.make(person(1, bio: "sailing chess coffee rain", interests: ["A", "B", "C"]))
        let candidate = Self.make(person(2, bio: "Rain!", interests: ["b", "c", "d", "e"]))
        let features = pair(viewer, candidate)
        #expect(features(.sharedInterests) == 2)
        #expect(abs(features(.interestOverlap) - 2.0 / 5) < 1e-6)
        #expect(abs(features(.bioSimilarity) - 1 / 4.0.squareRoot()) < 1e-6)
        #expect(features(.interestsMissing) == 0 && features(.bioMissing) == 0)
        let bare = pair(viewer, Self.make(person(2)))
        #expect(bare(.interestsMissing) == 1 && bare(.bioMissing) == 1)
        #expect(bare(.sharedInterests) == 0 && bare(.interestOverlap) == 0 && bare(.bioSimilarity) == 0)
    }

    @Test("What others think enters as ratios between the two")
    func appeal() {
        let viewer = Self.make(person(1), behaviour(liked: [(30, .male)], disliked: [(30, .male)]))
        let candidate = Self.make(person(2), behaviour(likedBy: .init(repeating: (30, .male), count: 3), dislikedBy: [(30, .male)]))
        let features = pair(viewer, candidate)
        let received = log((3 + 1.4) / (1 + 2.6))
        #expect(abs(features(.expectedLiking) - (received + log(2.4 / 3.6))) < 1e-6)
        #expect(abs(features(.relativeAppeal) - (received - log(1.4 / 2.6))) < 1e-6)
        #expect(abs(features(.relativePopularity) - log(4)) < 1e-6)
        #expect(abs(features(.noveltyGap) - (5 / 9.0 - 1)) < 1e-6)
    }

    @Test("Recency compares the days since both were active")
    func recency() {
        let viewer = Self.make(person(1), behaviour(liked: [(30, .male)], lastActive: daysAgo(0)))
        let candidate = Self.make(person(2), behaviour(liked: [(30, .male)], lastActive: daysAgo(7)))
        #expect(abs(pair(viewer, candidate)(.recencyGap) - log(8)) < 2e-3)
        let future = Self.make(person(2), behaviour(liked: [(30, .male)], lastActive: daysAgo(-7)))
        #expect(pair(viewer, future)(.recencyGap) == 0)
    }

    @Test("Both directions at once are what each direction is alone")
    func bothDirections() {
        let people = [
            PersonFeaturesTests.rich,
            Self.make(person(2, age: 40, gender: .male, location: "Basel", at: (47, 8), bio: "Chess", interests: ["Jazz"])),
        ]
        let batch = PersonBatch(people, dimension: 2)
        let moment = RequestMoment(now)
        var forward = [Float](repeating: .nan, count: PairSchema.width)
        var reverse = forward
        var forwardSpan = forward.mutableSpan
        var reverseSpan = reverse.mutableSpan
        PairFeatures(viewer: 0, in: batch, moment: moment).compute(1, into: &forwardSpan, reverse: &reverseSpan)
        #expect(forward == PairFeatures(viewer: 0, in: batch, moment: moment).vector(1))
        #expect(reverse == PairFeatures(viewer: 1, in: batch, moment: moment).vector(0))
    }

    @Test("Every feature depends on the viewer: for two different viewers none of them stays what it was")
    func dependsOnThePair() {
        let rich = PersonFeaturesTests.rich
        var other = Self.make(
            person(3, age: 60, gender: .male, location: "Bern", at: (40, 9), bio: "Rain", interests: ["Jazz"]),
            behaviour(
                liked: [(20, .female)], likedBy: .init(repeating: (50, .female), count: 9), dislikedBy: [(50, .female)],
                lastActive: daysAgo(50)))
        other.sourceFactors = [-1, 5]
        other.targetFactors = [2, 2]
        var candidate = Self.make(
            person(2, age: 33, gender: .male, location: "Basel", at: (47, 8), bio: "Chess rain sailing", interests: ["Jazz", "Chess"]),
            behaviour(liked: [(29, .female)], likedBy: [(31, .female)], lastActive: daysAgo(9)))
        candidate.sourceFactors = [1, 1]
        candidate.targetFactors = [0.5, 1]
        let bare = Self.make(person(4))
        let views = [rich, other, bare].map { pair($0, candidate, dimension: 2) }
        for feature in PairSchema.Feature.allCases {
            #expect(Set(views.map { $0(feature) }).count > 1, "\(feature.rawValue) does not depend on the viewer")
        }
    }

    @Test("Whatever is missing, every feature is a finite number")
    func finite() {
        let profiles = [
            person(1), person(1, age: 18), person(1, gender: .other), person(1, location: "  "), person(1, at: (90, 180)),
            person(1, at: (-90, -180)), person(1, bio: "", interests: [""]), person(1, createdAt: Timestamp(rawValue: .max)),
            person(1, createdAt: Timestamp(rawValue: .min)),
        ]
        var people = profiles.map { Self.make($0) } + [PersonFeaturesTests.rich]
        people[0].sourceFactors = [Float.greatestFiniteMagnitude, 1]
        people[0].targetFactors = [Float.greatestFiniteMagnitude, -1]
        for viewer in people {
            for candidate in people {
                let features = pair(viewer, candidate, dimension: 2)
                for feature in PairSchema.Feature.allCases { #expect(features(feature).isFinite, "\(feature.rawValue)") }
            }
        }
    }
}
