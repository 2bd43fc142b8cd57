internal import Domain
internal import Features
internal import LinearMath
internal import Training

#if canImport(Glibc)
    internal import Glibc
#endif

/// Stage 1 in this process: the sources that serving has, over dense indices.
struct CandidateFinder: Sendable {
    let batch: PersonBatch
    private(set) var factors: FactorTable
    let opinions: Opinions
    private let quotas: [CandidateSource: Int]
    private let seed: UInt64
    private let everybody: Bitmap
    private let byGender: [Bitmap]
    /// People whose likes don't rule out a gender.
    private let openTo: [Bitmap]
    private let genders: [Int]
    /// On the unit sphere; `nil` when unknown.
    private let positions: [SIMD3<Float>?]
    private let popularity: [Float]
    private let interestHolders: [UInt32: [Int32]]

    /// Likes from which on a person's taste in genders counts as known, and the share below which a gender is not meant.
    private static let settledLikes = 5
    private static let tasteShare = 0.05
    /// Those who never like the viewer's gender are left out while this many others remain.
    private static let reciprocalMinimum = 100

    init(batch: PersonBatch, factors: FactorTable, opinions: Opinions, quotas: [CandidateSource: Int], seed: UInt64) {
        self.batch = batch
        self.factors = factors
        self.opinions = opinions
        self.quotas = quotas
        self.seed = seed
        self.everybody = Bitmap(count: batch.count, repeating: true)
        self.genders = (0..<batch.count).map { Int(batch[$0, .gender]) }
        self.positions = (0..<batch.count).map { person in
            guard batch[person, .positionKnown] > 0 else { return nil }
            return SIMD3(batch[person, .positionX], batch[person, .positionY], batch[person, .positionZ])
        }
        var byGender = [Bitmap](repeating: Bitmap(count: batch.count, repeating: false), count: 4)
        for (person, gender) in self.genders.enumerated() { byGender[gender][person] = true }
        self.byGender = byGender
        var openTo = [Bitmap](repeating: Bitmap(count: batch.count, repeating: true), count: 3)
        for person in 0..<batch.count {
            guard let shares = Self.tastes(of: person, opinions.likes, self.genders) else { continue }
            for gender in 0..<3 where shares[gender] == 0 { openTo[gender][person] = false }
        }
        self.openTo = openTo
        self.popularity = (0..<batch.count).map { person in
            let likes = Float(opinions.likes.byColumn.degree(of: person))
            let passes = Float(opinions.dislikes.byColumn.degree(of: person))
            return (likes + 5) / (likes + passes + 10) * log1pf(likes)
        }
        var holders: [UInt32: [Int32]] = [:]
        for person in 0..<batch.count {
            for interest in batch.interests(of: person) { holders[interest, default: []].append(Int32(person)) }
        }
        self.interestHolders = holders
    }

    /// The same people and opinions searched by other factors.
    func with(_ factors: FactorTable) -> CandidateFinder {
        var finder = self
        finder.factors = factors
        return finder
    }

    /// Candidates of a person, each once: the sources' proposals up to their quotas.
    func candidates(for person: Int, _ scratch: inout CandidateScratch) -> [Int] {
        let (allowed, preferred) = self.eligible(for: person)
        scratch.prepare(self.batch.count)
        var list: [Int] = []
        for source in [CandidateSource.collaborative, .social, .content, .popular, .nearby, .exploration] {
            guard let quota = self.quotas[source], quota > 0 else { continue }
            // Twice the quota, since other sources may have proposed the first ones already.
            let hits = self.propose(source, 2 * quota, for: person, allowed, preferred, &scratch)
            var left = quota
            for hit in hits where left > 0 && scratch.mark(hit.row) {
                list.append(Int(hit.row))
                left -= 1
            }
        }
        scratch.unmark(list)
        return list
    }

    /// The best by stage 1 alone.
    func collaborative(_ count: Int, for person: Int) -> [Hit] {
        self.collaborative(count, for: person, among: self.eligible(for: person).preferred)
    }

    /// The most liked of the genders that the person likes.
    func popular(_ count: Int, for person: Int) -> [Hit] {
        Self.best(count, among: self.eligible(for: person).preferred) { Float(self.opinions.likes.byColumn.degree(of: $0)) }
    }

    private func propose(
        _ source: CandidateSource, _ count: Int, for person: Int, _ allowed: Bitmap, _ preferred: Bitmap, _ scratch: inout CandidateScratch
    ) -> [Hit] {
        switch source {
        case .collaborative: self.collaborative(count, for: person, among: preferred)
        case .popular: Self.best(count, among: preferred) { self.popularity[$0] }
        case .nearby: self.nearby(count, to: person, among: preferred)
        case .exploration: self.random(count, for: person, among: allowed)
        case .social: self.social(count, for: person, among: preferred, &scratch)
        case .content: self.content(count, for: person, among: preferred, &scratch)
        }
    }

    private func eligible(for person: Int) -> (allowed: Bitmap, preferred: Bitmap) {
        var allowed = self.everybody
        allowed[person] = false
        for other in self.opinions.seen.byRow.columns(of: person) { allowed[Int(other)] = false }
        var preferred = allowed
        if let shares = Self.tastes(of: person, self.opinions.likes, self.genders) {
            var liked = Bitmap(count: self.batch.count, repeating: false)
            for gender in 0..<3 where shares[gender] >= Self.tasteShare { liked.formUnion(self.byGender[gender]) }
            preferred.formIntersection(liked)
            if preferred.isEmpty { preferred = allowed }
        }
        guard self.genders[person] < 3 else { return (allowed, preferred) }
        var mutual = preferred
        mutual.formIntersection(self.openTo[self.genders[person]])
        return (allowed, mutual.popCount >= Self.reciprocalMinimum ? mutual : preferred)
    }

    /// Share of the person's likes by gender; `nil` while there are too few to tell.
    private static func tastes(of person: Int, _ likes: InteractionMatrix, _ genders: [Int]) -> [Double]? {
        var counts = [0.0, 0, 0, 0]
        for other in likes.byRow.columns(of: person) { counts[genders[Int(other)]] += 1 }
        let total = counts[0] + counts[1] + counts[2]
        return total >= Double(Self.settledLikes) ? counts.map { $0 / total } : nil
    }

    private func collaborative(_ count: Int, for person: Int, among people: Bitmap) -> [Hit] {
        let vector = self.factors.sourceVector(person)
        guard vector.contains(where: { $0 != 0 }) else { return [] }
        return Self.best(count, among: people) { DotProduct.compute(vector, row: $0, of: self.factors.target) }
    }

    private func nearby(_ count: Int, to person: Int, among people: Bitmap) -> [Hit] {
        guard let origin = self.positions[person] else { return [] }
        return Self.best(count, among: people) { other in
            guard let position = self.positions[other] else { return -.infinity }
            let offset = position - origin
            return -(offset * offset).sum()
        }
    }

    private func random(_ count: Int, for person: Int, among people: Bitmap) -> [Hit] {
        guard !people.isEmpty else { return [] }
        var generator = SeededGenerator(seed: self.seed, stream: UInt64(person))
        var drawn: Set<Int32> = []
        for _ in 0..<(4 * count) where drawn.count < count {
            let other = Int(generator.next() % UInt64(people.count))
            if people[other] { drawn.insert(Int32(other)) }
        }
        return drawn.sorted().map { Hit(row: $0, score: 0) }
    }

    /// Two hops: liked by those who like whom the person likes, agreement on the rarely liked counting more.
    private func social(_ count: Int, for person: Int, among people: Bitmap, _ scratch: inout CandidateScratch) -> [Hit] {
        let likes = self.opinions.likes
        for liked in likes.byRow.columns(of: person).suffix(32) {
            let likers = likes.byColumn.columns(of: Int(liked))
            let weight = 1 / Float(1 + likers.count).squareRoot()
            for liker in likers.prefix(32) where Int(liker) != person {
                let onward = likes.byRow.columns(of: Int(liker))
                let share = weight / Float(onward.count).squareRoot()
                for other in onward.prefix(32) where people[Int(other)] { scratch.add(share, to: other) }
            }
        }
        return scratch.best(count)
    }

    /// Shared interests, rare ones counting more.
    private func content(_ count: Int, for person: Int, among people: Bitmap, _ scratch: inout CandidateScratch) -> [Hit] {
        var budget = 40_000
        let holders = self.batch.interests(of: person).compactMap { self.interestHolders[$0] }.sorted { $0.count < $1.count }
        for list in holders where budget > 0 {
            let weight = log1pf(Float(self.batch.count) / Float(list.count + 1))
            for other in list.prefix(budget) where people[Int(other)] { scratch.add(weight, to: other) }
            budget -= list.count
        }
        return scratch.best(count)
    }

    private static func best(_ count: Int, among people: Bitmap, _ score: (Int) -> Float) -> [Hit] {
        var best = TopK(capacity: count)
        people.forEachSet { person in best.push(row: Int32(person), score: score(person)) }
        return best.sorted()
    }
}
