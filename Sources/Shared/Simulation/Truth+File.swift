internal import Domain
public import Foundation

/// The file `truth`: one tab-separated line a person behind one line of names. Lists are separated by commas.
extension Truth {
    private static let header =
        "id\tage\tgender\tseeks\tlatitude\tlongitude\tinterests\ttraits\ttaste\tattractiveness\tchoosiness\tpreferred_age\tage_tolerance\tactivity"

    func write(_ append: (String) throws -> Void) throws {
        try append(Self.header + "\n")
        for person in self.people {
            let seeks = Gender.allCases.filter(person.seeks.contains).map(\.rawValue)
            let fields: [String] = [
                "\(person.id)", "\(person.age)", person.gender.rawValue, seeks.joined(separator: ","), "\(person.coordinate.latitude)",
                "\(person.coordinate.longitude)", Self.joined(person.interests), Self.joined(person.traits), Self.joined(person.taste),
                "\(person.attractiveness)", "\(person.choosiness)", "\(person.preferredAge)", "\(person.ageTolerance)", "\(person.activity)",
            ]
            try append(fields.joined(separator: "\t") + "\n")
        }
    }

    /// Reads the file `truth` that ``Community/write(to:)`` wrote.
    /// - Throws: ``SimulationError`` that names the line, or the file system's error.
    public init(contentsOf url: URL) throws {
        let text = try String(contentsOf: url, encoding: .utf8)
        var lines = text.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: true)[...]
        guard let header = lines.popFirst(), Substring(header) == Self.header else {
            throw SimulationError("The file doesn't begin with the names of a truth.")
        }
        self.init(
            people: try lines.enumerated().map { index, line in
                guard let person = Self.person(Substring(line)) else { throw SimulationError("Line \(index + 2) is no person.") }
                return person
            })
    }

    private static func person(_ line: Substring) -> SimulatedPerson? {
        let fields = line.split(separator: "\t", omittingEmptySubsequences: false)
        guard fields.count == 14, let id = Int64(fields[0]), let age = Int(fields[1]), let gender = Gender(rawValue: String(fields[2])),
            let latitude = Double(fields[4]), let longitude = Double(fields[5]),
            let coordinate = Coordinate(latitude: latitude, longitude: longitude), let interests = Self.list(fields[6], { Int($0) }),
            let traits = Self.list(fields[7], { Float($0) }), traits.count == SimulatedPerson.traitCount,
            let taste = Self.list(fields[8], { Float($0) }), taste.count == SimulatedPerson.traitCount,
            let attractiveness = Float(fields[9]), let choosiness = Float(fields[10]), let preferredAge = Float(fields[11]),
            let ageTolerance = Float(fields[12]), ageTolerance > 0, let activity = Float(fields[13])
        else { return nil }
        let seeks = fields[3].split(separator: ",").compactMap { Gender(rawValue: String($0)) }
        return SimulatedPerson(
            id: UserID(id), age: age, gender: gender, seeks: Set(seeks), coordinate: coordinate, interests: interests, traits: traits,
            taste: taste, attractiveness: attractiveness, choosiness: choosiness, preferredAge: preferredAge, ageTolerance: ageTolerance,
            activity: activity)
    }

    private static func joined(_ values: [some CustomStringConvertible]) -> String {
        values.map(\.description).joined(separator: ",")
    }

    /// `nil` if an element can't be read.
    private static func list<Element>(_ text: Substring, _ read: (Substring) -> Element?) -> [Element]? {
        let parts = text.split(separator: ",")
        let values = parts.compactMap(read)
        return values.count == parts.count ? values : nil
    }
}
