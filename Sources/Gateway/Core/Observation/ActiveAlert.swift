internal import Domain

/// A condition under which somebody should look. Names and meaning are those of the rules for Prometheus; docs/observability.md says what to do.
struct ActiveAlert: Hashable, Sendable {
    enum Severity: String, Sendable {
        case critical, warning
    }

    var name: String
    var severity: Severity
    var summary: String
    /// When the condition began to hold, in microseconds since 1970.
    var since: Int64
}

/// Decides which alerts are active, from what a look at the system shows. No clock of its own.
///
/// These are the rules' conditions as far as a gateway can see them, with shorter waits: somebody is looking at the page. What burns slowly
/// is Prometheus' to tell.
struct AlertConditions: Sendable {
    private struct Condition {
        var name: String
        var severity: ActiveAlert.Severity
        /// Seconds for which it must hold.
        var hold: Int64
        /// A sentence while it holds.
        var summary: String?
    }

    /// When each condition began to hold, in microseconds.
    private var begins: [String: Int64] = [:]

    /// - Parameters:
    ///   - observation: Its own alerts are not looked at.
    ///   - window: The traffic of the last minutes.
    ///   - meanListLength: Of the same.
    ///   - quality: NDCG@10 of the active model and of popularity.
    mutating func evaluate(
        _ observation: Observation, window: TrafficPoint, meanListLength: Double?, quality: (model: Double, popularity: Double)?
    ) -> [ActiveAlert] {
        let now = observation.time.rawValue
        var active: [ActiveAlert] = []
        var holding: [String: Int64] = [:]
        for condition in Self.conditions(observation, window, meanListLength, quality) {
            guard let summary = condition.summary else { continue }
            let begin = self.begins[condition.name] ?? now
            holding[condition.name] = begin
            if now - begin >= condition.hold * 1_000_000 {
                active.append(ActiveAlert(name: condition.name, severity: condition.severity, summary: summary, since: begin))
            }
        }
        self.begins = holding
        return active.sorted { ($0.severity == .critical ? 0 : 1, $0.name) < ($1.severity == .critical ? 0 : 1, $1.name) }
    }

    private static func conditions(
        _ seen: Observation, _ window: TrafficPoint, _ meanListLength: Double?, _ quality: (model: Double, popularity: Double)?
    ) -> [Condition] {
        let processes = seen.processes
        func missing(_ dependency: String) -> [String] {
            processes.filter { $0.dependencies.contains { $0.name == dependency && !$0.isUp } }.map(\.name)
        }
        let lags = processes.filter { ($0.logLag ?? 0) > 60 }.map(\.name)
        let ages = processes.compactMap(\.modelAge)
        let silent = processes.filter { $0.seen.state == .unreachable || $0.phase == "backing off" }.map(\.name)
        let wanted = ["gateway", "candidate", "ranking", "feature"]
        let absent = wanted.filter { name in !processes.contains { $0.seen.service == name && $0.seen.state == .serving } }
        let thin = wanted.dropFirst().filter { name in processes.count { $0.seen.service == name && $0.seen.state == .serving } == 1 }
        let counting = processes.contains(where: \.isCounting)
        let hasFeatures = processes.contains { $0.seen.service == "feature" && $0.seen.state == .serving }
        func if_(_ holds: Bool, _ summary: @autoclosure () -> String) -> String? { holds ? summary() : nil }
        return [
            Condition(
                name: "HighErrorRate", severity: .critical, hold: 0,
                summary: if_(window.requests >= 20 && (window.errorRate ?? 0) > 0.05, "\(Self.percent(window.errorRate)) of the requests fail")),
            Condition(
                name: "HighLatency", severity: .critical, hold: 0,
                summary: if_(
                    window.requests >= 20 && (window.p95 ?? 0) > 500,
                    "One request in twenty takes longer than \(Int(window.p95 ?? 0)) ms; 500 ms is the limit")),
            Condition(
                name: "DatabaseUnreachable", severity: .critical, hold: 5,
                summary: if_(!missing("database").isEmpty, "\(Self.list(missing("database"))) can't reach PostgreSQL")),
            Condition(
                name: "RedisUnreachable", severity: .warning, hold: 5,
                summary: if_(!missing("redis").isEmpty, "\(Self.list(missing("redis"))) can't reach Redis: every list is made anew")),
            Condition(
                name: "InferenceFailing", severity: .critical, hold: 0,
                summary: if_(
                    window.generated >= 10 && (window.degradedRate ?? 0) > 0.05,
                    "\(Self.percent(window.degradedRate)) of the new lists had to do without a stage")),
            Condition(
                name: "ShortRecommendationLists", severity: .warning, hold: 30,
                summary: if_((meanListLength ?? 3) < 3, "Lists are nearly empty")),
            Condition(
                name: "LowRecommendationQuality", severity: .warning, hold: 0,
                summary: if_(
                    quality.map { $0.model < 1.1 * $0.popularity } ?? false, "The active model is hardly better than popularity")),
            Condition(
                name: "ProcessDown", severity: .warning, hold: 3, summary: if_(!silent.isEmpty, "\(Self.list(silent)) does not answer")),
            Condition(
                name: "ServiceDown", severity: .critical, hold: 3,
                summary: if_(!absent.isEmpty, "No replica of \(Self.list(absent)) serves")),
            Condition(
                name: "ReplicasLost", severity: .warning, hold: 60,
                summary: if_(!thin.isEmpty, "\(Self.list(Array(thin))) has one replica left: the next failure takes it away")),
            Condition(
                name: "LogTailLag", severity: .warning, hold: 10,
                summary: if_(!lags.isEmpty, "\(Self.list(lags)) is more than a minute behind the log")),
            Condition(
                name: "NobodyCountsInteractions", severity: .warning, hold: 60,
                summary: if_(hasFeatures && !counting, "No process counts interactions into features")),
            Condition(
                name: "ModelMissing", severity: .critical, hold: 30,
                summary: if_(ages.contains { $0 < 0 }, "There is no active model: lists come in stage 1's order")),
            Condition(
                name: "ModelStale", severity: .warning, hold: 0,
                summary: if_((ages.max() ?? 0) > 7 * 86_400, "The active model is \(Int((ages.max() ?? 0) / 86_400)) days old")),
        ]
    }

    private static func percent(_ share: Double?) -> String { "\(Int(((share ?? 0) * 100).rounded())) %" }

    private static func list(_ names: [String]) -> String {
        names.count > 3 ? "\(names.prefix(3).joined(separator: ", ")) and \(names.count - 3) more" : names.joined(separator: ", ")
    }
}
