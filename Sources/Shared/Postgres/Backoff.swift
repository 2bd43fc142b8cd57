/// How long to wait before the next attempt: doubling from 50 ms to 1 s, the last half of it random, so that many clients don't come
/// at once.
enum Backoff {
    static func delay(attempt: Int, using generator: inout some RandomNumberGenerator) -> Duration {
        let ceiling = min(1000, 50 << min(attempt - 1, 5))
        return .milliseconds(Int.random(in: (ceiling / 2)...ceiling, using: &generator))
    }
}
