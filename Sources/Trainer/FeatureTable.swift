package import Domain
package import Features

/// Features of all people as of one moment.
package struct FeatureTable: Sendable {
    let batch: PersonBatch
    let moment: RequestMoment

    /// Counts what each person did and met in `events`.
    package static func counters(_ events: some Sequence<Dataset.Event>, users: [User]) -> [BehaviourCounters] {
        let counterparts = users.map { BehaviourCounters.Counterpart($0) }
        var counters = [BehaviourCounters](repeating: BehaviourCounters(), count: users.count)
        for event in events {
            let (person, target) = (Int(event.person), Int(event.target))
            counters[person].apply(sent: event.kind, to: counterparts[target], at: event.time)
            counters[target].apply(received: event.kind, from: counterparts[person])
        }
        return counters
    }

    /// Checks that counters hold what happened before a moment and nothing else.
    ///
    /// - Throws: ``TrainingError/Code/futureLeak`` if they saw more than `past`, or something at or after `cut`.
    package static func audit(_ counters: [BehaviourCounters], past: [Dataset.Event], cut: Timestamp?) throws(TrainingError) {
        var counted = 0.0
        for counter in counters {
            counted += counter.sent.likes + counter.sent.dislikes + counter.sent.blocks
            if let cut, let last = counter.lastActivity, last >= cut {
                throw TrainingError(.futureLeak, "Features of the past saw an event at \(last.iso8601), not before \(cut.iso8601).")
            }
        }
        let expected = past.count { $0.kind != .unmatch }
        guard Int(counted) == expected else {
            throw TrainingError(.futureLeak, "Features of the past counted \(Int(counted)) events, of which there are \(expected).")
        }
    }

    /// Computes the features on `threads` tasks; without factors, those that need none.
    init(
        users: [User], counters: [BehaviourCounters], factors: FactorTable?, moment: Timestamp, threads: Int
    ) async {
        let people = await Parallel.map(users.count, threads: threads) { range in
            range.map { index in
                PersonFeatures.make(profile: users[index], behaviour: counters[index], embedding: factors?.embedding(index, users[index].id))
            }
        }
        self.batch = PersonBatch(people, dimension: factors?.dimension ?? 0)
        self.moment = RequestMoment(moment)
    }
}
