import Domain
import Features

/// Now, in these tests.
let now = Timestamp(seconds: 1_767_225_600)

func daysAgo(_ days: Double) -> Timestamp { now.advanced(by: .seconds(-days * 86_400)) }

func person(
    _ id: Int64 = 1, age: Int? = nil, gender: Gender? = nil, location: String? = nil, at coordinate: (Double, Double)? = nil,
    bio: String? = nil, interests: [String] = [], createdAt: Timestamp = daysAgo(100)
) -> User {
    User(
        id: UserID(id), name: "Somebody", age: age, gender: gender, location: location,
        coordinate: coordinate.flatMap { Coordinate(latitude: $0.0, longitude: $0.1) }, bio: bio, interests: interests, createdAt: createdAt)
}

/// Counters of a person who liked and was liked as given.
func behaviour(
    liked: [(age: Int, gender: Gender)] = [], disliked: [(age: Int, gender: Gender)] = [], likedBy: [(age: Int, gender: Gender)] = [],
    dislikedBy: [(age: Int, gender: Gender)] = [], lastActive: Timestamp = daysAgo(1)
) -> BehaviourCounters {
    var counters = BehaviourCounters()
    for (age, gender) in liked { counters.apply(sent: .like, to: .init(age: age, gender: gender), at: lastActive) }
    for (age, gender) in disliked { counters.apply(sent: .dislike, to: .init(age: age, gender: gender), at: lastActive) }
    for (age, gender) in likedBy { counters.apply(received: .like, from: .init(age: age, gender: gender)) }
    for (age, gender) in dislikedBy { counters.apply(received: .dislike, from: .init(age: age, gender: gender)) }
    return counters
}

/// The features of one pair by name.
func pair(_ viewer: PersonFeatures, _ candidate: PersonFeatures, dimension: Int = 0) -> (PairSchema.Feature) -> Double {
    let batch = PersonBatch([viewer, candidate], dimension: dimension)
    let vector = PairFeatures(viewer: 0, in: batch, moment: RequestMoment(now)).vector(1)
    return { Double(vector[$0.index]) }
}
