import Overview
import Synchronization

/// How far a long piece of work has come: a bar with rate and time left on a terminal, a line now and then elsewhere.
final class ProgressBar: Sendable {
    private struct State {
        var title = ""
        var startedAt = ContinuousClock.now
        var drawnAt: ContinuousClock.Instant?
    }

    private let console: Console
    private let unit: String
    private let state = Mutex(State())

    /// - Parameter unit: What is counted: "rows".
    init(_ console: Console, unit: String = "") { (self.console, self.unit) = (console, unit) }

    /// Shows progress; cheap to call often. A new title begins a new piece of work.
    ///
    /// - Parameter total: `nil` while nobody knows.
    func update(_ title: String, done: Double, total: Double?) {
        let now = ContinuousClock.now
        let elapsed: Duration? = self.state.withLock { state in
            if state.title != title { state = State(title: title, startedAt: now) }
            let interval: Duration = self.console.isTerminal ? .milliseconds(100) : .seconds(5)
            let isOver = total.map { done >= $0 } ?? false
            if let drawnAt = state.drawnAt, !(isOver && self.console.isTerminal), drawnAt.duration(to: now) < interval { return nil }
            let isFirst = state.drawnAt == nil
            state.drawnAt = now
            // Work that ends at once needs no line of a log.
            return isFirst && !self.console.isTerminal ? nil : state.startedAt.duration(to: now)
        }
        guard let elapsed else { return }
        let text = Self.text(title, done: done, total: total, unit: self.unit, elapsed: elapsed, hasBar: self.console.isTerminal)
        if self.console.isTerminal { self.console.live(text) } else { self.console.line(text) }
    }

    /// Takes the bar away.
    func finish() { self.console.clearLive() }

    static func text(_ title: String, done: Double, total: Double?, unit: String, elapsed: Duration, hasBar: Bool) -> String {
        var text = title
        let seconds = elapsed / .seconds(1)
        if let total, total > 0 {
            let share = min(1, done / total)
            if hasBar {
                let full = Int(share * 24)
                text += "  " + String(repeating: "█", count: full) + String(repeating: "░", count: 24 - full)
            }
            text += "  \(Int(share * 100))%"
        }
        if !unit.isEmpty, done > 0 { text += "  \(Format.count(done)) \(unit)" }
        guard seconds >= 0.5, done > 0 else { return text }
        if !unit.isEmpty { text += "  \(Format.count(done / seconds))/s" }
        if let total, total > done { text += "  \(Format.duration(.seconds(seconds * (total - done) / done))) left" }
        return text
    }
}
