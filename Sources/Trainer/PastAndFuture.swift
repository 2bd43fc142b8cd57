package import Domain
internal import LinearMath
internal import Training

/// A division of the log: features are made of the past, labels are in the future.
package struct PastAndFuture: Sendable {
    package let past: [Dataset.Event]
    package let future: [Dataset.Event]
    /// The moment at which the features stand. `nil` if the log has no order to speak of and was divided at random.
    package let cut: Timestamp?
    /// From when candidates are looked at: the end of the past.
    package let moment: Timestamp

    /// Cuts at the moment after which the given share lies; at random, person by person, where most events bear the same time.
    ///
    /// - Parameter events: By time.
    package init(_ events: [Dataset.Event], share: Double, seed: UInt64) {
        let index = min(max(Int((Double(events.count) * (1 - share)).rounded()), 0), max(0, events.count - 1))
        let moment = events.isEmpty ? Timestamp(rawValue: 0) : events[index].time
        let past = events.prefix { $0.time < moment }
        let futureShare = events.isEmpty ? 0 : 1 - Double(past.count) / Double(events.count)
        if futureShare <= min(0.5, 2 * share), futureShare >= share / 2 {
            self.past = Array(past)
            self.future = Array(events[past.count...])
            self.cut = moment
            self.moment = moment
        } else {
            var generator = SeededGenerator(seed: seed, stream: 7)
            let isHeld = HoldOut.random(rows: events.map(\.person), share: share, using: &generator)
            self.past = events.indices.lazy.filter { !isHeld[$0] }.map { events[$0] }
            self.future = events.indices.lazy.filter { isHeld[$0] }.map { events[$0] }
            self.cut = nil
            self.moment = events.last?.time ?? moment
        }
    }
}
