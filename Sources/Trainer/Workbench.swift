internal import Domain
internal import Features
internal import LinearMath
internal import Training

/// The past as stage 1 and the features see it, and the future that they are judged by.
struct Workbench: Sendable {
    let division: PastAndFuture
    let past: Opinions
    /// By person: whom they liked and passed on in the future, having judged neither before.
    let futureLikes: [[Int32]]
    let futureDislikes: [[Int32]]
    /// People with a like in the future who teach stage 2, and others who judge it.
    let teachers: [Int]
    let judges: [Int]

    init(_ dataset: Dataset, _ options: TrainingOptions) {
        let count = dataset.users.count
        self.division = PastAndFuture(dataset.events, share: options.heldOutShare, seed: options.seed)
        self.past = Opinions(self.division.past, people: count)
        let future = Opinions(self.division.future, people: count)
        let seen = self.past.seen.byRow
        func fresh(_ matrix: InteractionMatrix) -> [[Int32]] {
            (0..<count).map { person in matrix.byRow.columns(of: person).filter { !seen.contains(row: person, column: $0) } }
        }
        let likes = fresh(future.likes)
        self.futureLikes = likes
        self.futureDislikes = fresh(future.dislikes)
        var generator = SeededGenerator(seed: options.seed, stream: 11)
        let people = (0..<count).filter { !likes[$0].isEmpty }.shuffled(using: &generator)
        let judging = min(options.validationPeople, people.count / 3)
        self.judges = people.prefix(judging).sorted()
        self.teachers = people.dropFirst(judging).prefix(options.rankerPeople).sorted()
    }
}
