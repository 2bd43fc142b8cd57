internal import Domain
internal import Features
internal import LinearMath

/// Features of people in rows, as a call answers them.
struct FeatureRows: Sendable {
    /// One row of a person, or ``PersonRow/absent``, for each of those asked for.
    var words: [UInt32] = []
    /// How many of them are there.
    var known = 0
    /// Empty where the version asked for has no factors.
    var embeddingVersion = ""

    /// Where one person's parts are.
    private struct Place {
        var row = 0..<0
        var factors = 0..<0
    }

    /// Copies rows together.
    ///
    /// - Parameters:
    ///   - oldest: People who were loaded before aren't taken; `nil` takes all.
    ///   - missing: Gets those who aren't held, or no longer.
    init(
        _ ids: [UInt64], from people: borrowing LocalFeatures, _ table: EmbeddingTable?, loadedSince oldest: ContinuousClock.Instant?,
        missing: inout [UserID]
    ) {
        var places: [Place] = []
        places.reserveCapacity(ids.count)
        var length = 0
        for id in ids {
            var place = Place()
            if let slot = people.slot(of: id, loadedSince: oldest) {
                place.row = people.rows.range(of: slot)
                place.factors = table?.range(of: id) ?? 0..<0
                length += place.row.count + place.factors.count
                self.known += 1
            } else {
                length += 1
                if let id = Int64(exactly: id), id > 0 { missing.append(UserID(id)) }
            }
            places.append(place)
        }
        let rows = people.rows.words.span
        let allFactors = table?.words ?? []
        let factors = allFactors.span
        let dimension = table?.dimension ?? 0
        self.words = [UInt32](capacity: length) { words in
            for place in places {
                guard !place.row.isEmpty else {
                    words.append(PersonRow.absent)
                    continue
                }
                let head = PersonRow.Head(word: rows[place.row.lowerBound])
                words.append(place.factors.isEmpty ? head.word : head.withDimension(dimension).word)
                words.append(copying: rows.extracting(place.row.lowerBound + 1..<place.row.upperBound))
                words.append(copying: factors.extracting(place.factors))
            }
        }
        if let table, table.count > 0 { self.embeddingVersion = table.version }
    }
}
