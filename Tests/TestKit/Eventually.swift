/// Waits until `condition` holds: for effects that come from another thread or process.
///
/// - Returns: Whether it held within `limit`. The condition is asked at least once, and again about every millisecond.
@discardableResult
public func eventually(within limit: Duration = .seconds(5), _ condition: () async throws -> Bool) async rethrows -> Bool {
    let clock = ContinuousClock()
    let end = clock.now.advanced(by: limit)
    while true {
        if try await condition() { return true }
        if clock.now >= end { return false }
        // A cancelled task does not sleep; it still gives way.
        try? await Task.sleep(for: .milliseconds(1))
        await Task.yield()
    }
}
