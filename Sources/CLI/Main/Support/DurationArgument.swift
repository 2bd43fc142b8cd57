import ArgumentParser

/// `90s`, `15m`, `24h`, `7d`.
struct DurationArgument: ExpressibleByArgument {
    let duration: Duration

    init(_ duration: Duration) { self.duration = duration }

    init?(argument: String) {
        let units: [Character: Int] = ["s": 1, "m": 60, "h": 3600, "d": 86_400]
        guard let last = argument.last, let unit = units[last], let count = Int(argument.dropLast()), count > 0,
            count <= 36_500 * 86_400 / unit
        else { return nil }
        self.duration = .seconds(count * unit)
    }

    var defaultValueDescription: String { "24h" }
}
