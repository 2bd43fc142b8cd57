internal import Domain
internal import LinearMath

/// Everything stage 1 knows: a copy of the log, and the factors of the active model.
///
/// Not copyable: a copy kept by a search would make the next write copy every column.
struct CandidateState: ~Copyable, Sendable {
    private(set) var population = Population()
    /// Labels are ``Opinion``s: who has seen whom, and what they thought.
    private(set) var opinions = EdgeTable()
    private(set) var latestLikes = LatestLikes()
    /// Labels are bits: ``block`` and ``report``.
    private(set) var severances = EdgeTable()
    private(set) var seeking = SeekingTable()
    private(set) var tastes = TasteTable()
    private(set) var popularity = PopularityTable()
    private(set) var impressions = ImpressionTable()
    var factors: FactorModel?

    var usersPosition = LogPosition.start
    var interactionsPosition = LogPosition.start
    var impressionsPosition = LogPosition.start
    /// Every transaction below it has been applied.
    var usersHorizon: UInt64 = 0
    var interactionsHorizon: UInt64 = 0

    /// The newest transaction that both logs have been read past, inclusive.
    var position: UInt64 {
        let horizon = min(self.usersHorizon, self.interactionsHorizon)
        return horizon == 0 ? 0 : horizon - 1
    }

    static let block: UInt8 = 1
    static let report: UInt8 = 2

    // MARK: Events

    mutating func apply(_ event: UserEvent) {
        switch event {
        case .changed(let user, let standing):
            guard let row = self.reserveRow(for: user.id, gender: user.gender) else { return }
            let previous = self.population.gender(of: row)
            self.population.update(user, row: row)
            self.setStanding(standing, row)
            if previous != user.gender { self.moveLikes(received: row, from: previous, to: user.gender) }
        case .erased(let id):
            if let row = self.population.row(of: id) {
                self.removeRelations(of: row)
                self.setStanding(Standing(), row)
            }
            self.population.erase(id)
        }
    }

    mutating func apply(_ interaction: Interaction) {
        guard interaction.userID != interaction.targetUserID, let sender = self.reserveRow(for: interaction.userID),
            let target = self.reserveRow(for: interaction.targetUserID)
        else { return }
        if interaction.kind == .unblock { return self.liftBlock(from: sender, to: target) }
        self.population.touch(sender, at: interaction.timestamp)
        let time = UInt32(clamping: interaction.timestamp.rawValue / 1_000_000)
        // As in the pair's state: the latest event counts, whenever it is recorded, and a severance takes the opinion back.
        if let opinion = Opinion(interaction.kind) {
            self.setOpinion(opinion, from: sender, to: target, time: time)
        } else if self.opinions.edge(from: sender, to: target).map({ $0.time <= time }) ?? false {
            self.setOpinion(nil, from: sender, to: target)
        }
        if interaction.kind.isSevering {
            let bit = interaction.kind == .block ? Self.block : Self.report
            let previous = self.severances.edge(from: sender, to: target)?.label ?? 0
            self.severances.set(from: sender, to: target, label: previous | bit, time: time)
        }
    }

    /// - Parameter memory: Days after which an impression is forgotten.
    mutating func apply(_ answer: Impressions, memory: UInt16) {
        guard let viewer = self.population.row(of: answer.viewer) else { return }
        self.impressions.memory = memory
        let day = ImpressionTable.day(of: answer.time)
        let seconds = UInt32(clamping: answer.time.rawValue / 1_000_000)
        for id in answer.shown {
            guard let row = self.population.row(of: id), row != viewer else { continue }
            // An answer that was given since counts for more than having been shown before.
            let isAnswered = self.opinions.edge(from: viewer, to: row).map { $0.time >= seconds } ?? false
            self.impressions.add(row, shownTo: viewer, day: day)
            if isAnswered { self.impressions.forget(row, shownTo: viewer) }
        }
    }

    /// From now on, who was not active at a moment or later is idle.
    mutating func setIdleThreshold(_ moment: Int64) { self.population.setIdleThreshold(moment) }

    /// As the store does it: a report stays, a like given meanwhile goes.
    private mutating func liftBlock(from sender: Int, to target: Int) {
        if let edge = self.severances.edge(from: sender, to: target) {
            let label = edge.label & ~Self.block
            if label == 0 {
                self.severances.remove(from: sender, to: target)
            } else {
                self.severances.set(from: sender, to: target, label: label, time: edge.time)
            }
        }
        if self.opinions.edge(from: sender, to: target)?.isPositive ?? false { self.setOpinion(nil, from: sender, to: target) }
    }

    private mutating func setStanding(_ standing: Standing, _ row: Int) {
        let capacity = self.population.capacity
        self.seeking.setHidden(standing.isHidden, row: row, capacity: capacity)
        var preferences = standing.preferences
        preferences.isPaused = false
        guard !preferences.isEmpty else { return self.seeking.set(nil, row: row, capacity: capacity) }
        var entry = SeekingTable.Entry()
        for gender in preferences.genders { entry.genders |= 1 << UInt8(gender.index) }
        if preferences.minimumAge != nil || preferences.maximumAge != nil {
            let highest = min(preferences.maximumAge ?? Population.maximumAge, Population.maximumAge)
            entry.ages = min(preferences.minimumAge ?? 0, highest)...highest
        }
        entry.reach = preferences.maximumDistance.map { Direction.chordSquared(kilometres: $0) }
        entry.required = self.population.intern(interests: preferences.requiredInterests)
        entry.excluded = self.population.intern(interests: preferences.excludedInterests)
        entry.intent = preferences.intent
        self.seeking.set(entry, row: row, capacity: capacity)
    }

    // MARK: Rows

    /// The row of a person, given now if need be. `nil` for somebody who was erased.
    private mutating func reserveRow(for id: UserID, gender: Gender? = nil) -> Int? {
        guard let row = self.population.reserveRow(for: id, gender: gender) else { return nil }
        while self.opinions.outgoing.count < self.population.count {
            self.opinions.addRow()
            self.latestLikes.addRow()
            self.severances.addRow()
            self.tastes.addRow(capacity: self.population.capacity)
            self.popularity.addRow()
            self.impressions.addRow()
        }
        return row
    }

    /// - Parameter opinion: Counts unless there is a later one; `nil` takes back what there is.
    private mutating func setOpinion(_ opinion: Opinion?, from sender: Int, to target: Int, time: UInt32 = 0) {
        let previous: UInt8?
        if let opinion {
            guard case .set(let label) = self.opinions.setLatest(from: sender, to: target, label: opinion.rawValue, time: time) else { return }
            previous = label
            self.impressions.forget(target, shownTo: sender)
        } else {
            previous = self.opinions.remove(from: sender, to: target)
        }
        let wasLike = previous.map(Opinion.isPositive) ?? false
        if let opinion, opinion.isPositive {
            self.latestLikes.add(from: sender, to: target, time: time)
        } else if wasLike {
            self.latestLikes.remove(from: sender, to: target, in: self.opinions)
        }
        guard previous != opinion?.rawValue else { return }
        let isLike = opinion?.isPositive ?? false
        let wasPass = previous != nil && !wasLike
        let isPass = opinion != nil && !isLike
        self.popularity.add(
            likes: (isLike ? 1 : 0) - (wasLike ? 1 : 0), passes: (isPass ? 1 : 0) - (wasPass ? 1 : 0), to: target)
        if isLike != wasLike, let gender = self.population.gender(of: target) {
            self.tastes.add(isLike ? 1 : -1, of: sender, to: gender)
        }
    }

    /// The likes that a person got count for another gender now.
    private mutating func moveLikes(received row: Int, from previous: Gender?, to current: Gender?) {
        for edge in self.opinions.incoming[row] where edge.isPositive {
            if let previous { self.tastes.add(-1, of: edge.row, to: previous) }
            if let current { self.tastes.add(1, of: edge.row, to: current) }
        }
    }

    private mutating func removeRelations(of row: Int) {
        for edge in self.opinions.outgoing[row] { self.setOpinion(nil, from: row, to: edge.row) }
        for edge in self.opinions.incoming[row] { self.setOpinion(nil, from: edge.row, to: row) }
        self.severances.removeEdges(of: row)
        self.impressions.remove(row)
        self.factors?.remove(row: row)
    }
}
