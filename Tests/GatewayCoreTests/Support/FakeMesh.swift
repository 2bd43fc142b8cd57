import Domain
import GatewayCore
import Synchronization

/// Processes that say what they are told to say.
final class FakeMesh: MeshObserving {
    private let current = Mutex(MeshLook())

    func set(_ look: MeshLook) { self.current.withLock { $0 = look } }
    func look() async -> MeshLook { self.current.withLock { $0 } }

    /// A process that serves.
    static func process(_ service: String, _ number: Int = 1, metrics: String = "") -> MeshLook.Process {
        let base: Int32 = ["gateway": 100, "candidate": 300, "feature": 500][service] ?? 700
        var process = MeshLook.Process(
            endpoint: "\(service)-\(number)-endpoint", service: service, processID: base + Int32(number), version: "1")
        process.name = "\(service)-\(number)"
        process.state = .serving
        process.metrics = metrics
        return process
    }
}

/// A supervisor that remembers what was asked of it.
final class FakeControl: ProcessControl {
    private let asked = Mutex<[String]>([])
    private let answer = Mutex(ProcessChange.done)

    var requests: [String] { self.asked.withLock { $0 } }
    func setAnswer(_ change: ProcessChange) { self.answer.withLock { $0 = change } }

    func services() async -> [SupervisedService]? {
        [
            SupervisedService(
                name: "ranking", isScalable: true, wanted: 2,
                processes: [
                    .init(name: "ranking-1", processID: 701, phase: "ready", restarts: 3, uptime: .seconds(60)),
                    .init(name: "ranking-2", processID: nil, phase: "backing off", restarts: 9, uptime: nil),
                ])
        ]
    }

    func scale(_ service: String, to replicas: Int) async -> ProcessChange {
        self.asked.withLock { $0.append("scale \(service)=\(replicas)") }
        return self.answer.withLock { $0 }
    }

    func drain(_ process: String) async -> ProcessChange {
        self.asked.withLock { $0.append("drain \(process)") }
        return self.answer.withLock { $0 }
    }
}

/// Figures of a store with three people.
struct FakeFigures: FiguresRepository {
    func figures(days: Int) async throws(RepositoryError) -> StoreFigures {
        StoreFigures(
            people: 3, activePeople: 2, interactions: 5, openMatches: 1, answers: 7, pendingErasures: 0, completedErasures: 4, bytes: 1024,
            logEnd: 99, refreshedAt: nil,
            days: [
                DayFigures(
                    day: "2027-01-15", interactions: 5, activePeople: 2, likes: 3, dislikes: 2, newPeople: 1, matches: 1, answers: 7)
            ], business: ["like_rate": 0.6])
    }

    func business() async throws(RepositoryError) -> [String: Double] { ["like_rate": 0.6] }
    func refreshWhenDue() async throws(RepositoryError) -> Bool { false }
}
