/// The columns of a kind of file, in the order that they have without a header.
struct Layout: Sendable {
    let columns: [String]
    /// The first so many must be there.
    let required: Int

    static let users = Layout(
        columns: ["id", "name", "age", "gender", "location", "bio", "interests", "latitude", "longitude", "created_at"], required: 2)
    static let interactions = Layout(
        columns: ["user_id", "target_user_id", "interaction_type", "timestamp", "context"], required: 2)

    /// Where each column stands in the file, if this row is a header; `nil` if it is data.
    ///
    /// - Throws: ``ExchangeError/Code/badHeader``.
    func header(_ values: [RawValue], path: String) throws(ExchangeError) -> [Int]? {
        let names = values.map { value in
            guard case .text(let text) = value else { return "" }
            return text.trimmed.lowercased()
        }
        // Data has an identifier here, which no column's name is.
        guard names.contains(where: { $0 == self.columns[0] || $0 == self.columns[1] }) else { return nil }
        var order: [Int] = []
        for name in names {
            guard let column = self.columns.firstIndex(of: name) else {
                throw ExchangeError(.badHeader, "\(path): the header has a column beside \(self.columns.joined(separator: ", "))")
            }
            guard !order.contains(column) else { throw ExchangeError(.badHeader, "\(path): the header names \(name) twice") }
            order.append(column)
        }
        for column in 0..<self.required where !order.contains(column) {
            throw ExchangeError(.badHeader, "\(path): the header lacks \(self.columns[column])")
        }
        return order
    }

    /// The values in the layout's own order.
    func arranged(_ values: [RawValue], order: [Int]?) throws(RowError) -> [RawValue] {
        let width = order?.count ?? self.columns.count
        guard values.count <= width else { throw RowError("\(values.count) fields where \(width) are expected") }
        guard values.count >= (order == nil ? self.required : width) else {
            throw RowError("\(values.count) fields where \(order == nil ? "at least \(self.required)" : "\(width)") are expected")
        }
        var arranged = [RawValue](repeating: .absent, count: self.columns.count)
        for (place, value) in values.enumerated() { arranged[order?[place] ?? place] = value }
        return arranged
    }
}

extension StringProtocol {
    /// Without white space at either end.
    var trimmed: String {
        var scalars = Substring(self).unicodeScalars
        while let first = scalars.first, first.properties.isWhitespace { scalars.removeFirst() }
        while let last = scalars.last, last.properties.isWhitespace { scalars.removeLast() }
        return String(Substring(scalars))
    }
}
