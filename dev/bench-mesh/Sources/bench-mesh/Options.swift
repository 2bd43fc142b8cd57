/// A program that answers to `server ADDRESS` and `client ADDRESS SERVER-PID REQUEST REPLY IN-FLIGHT MILLISECONDS`.
struct Contestant {
    let name: String
    let program: String
    /// Put after the others on both sides.
    let arguments: [String]
}

struct Options {
    var rounds = 5
    var milliseconds = 300
    var json: String?
    var contestants: [Contestant] = []

    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    init(_ arguments: [String]) throws {
        var words = arguments[...]
        func value(of option: String) throws -> String {
            guard let value = words.popFirst() else { throw Failure(description: "\(option) needs a value") }
            return value
        }
        func count(of option: String) throws -> Int {
            guard let count = Int(try value(of: option)), count > 0 else { throw Failure(description: "\(option) needs a positive number") }
            return count
        }
        while let word = words.popFirst() {
            switch word {
            case "--rounds": self.rounds = try count(of: word)
            case "--milliseconds": self.milliseconds = try count(of: word)
            case "--json": self.json = try value(of: word)
            case ",": continue
            default:
                guard let sign = word.firstIndex(of: "=") else { throw Failure(description: "\(word) isn't NAME=PROGRAM") }
                var extra: [String] = []
                while let next = words.first, next != "," {
                    extra.append(next)
                    words = words.dropFirst()
                }
                self.contestants.append(
                    Contestant(name: String(word[..<sign]), program: String(word[word.index(after: sign)...]), arguments: extra))
            }
        }
        guard !self.contestants.isEmpty else { throw Failure(description: "nobody to measure") }
    }
}
