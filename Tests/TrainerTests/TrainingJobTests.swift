import Domain
import Models
import Simulation
import Synchronization
import TestKit
import Testing
import Trainer

@Suite(.serialized) struct TrainingJobTests {
    static let community = Result { try Community(SimulationOptions(people: 2000, interactions: 40_000, seed: 5)) }

    static func options(_ change: (inout TrainingOptions) -> Void = { _ in }) -> TrainingOptions {
        var options = TrainingOptions(now: SimulationOptions().end)
        options.factorizations = [
            FactorizationTrial(factors: 16, iterations: 8, unobservedMass: 100, regularization: 0.01, regularizationExponent: 1)
        ]
        options.rankerPeople = 1000
        options.validationPeople = 400
        change(&options)
        return options
    }

    static func source(_ community: Community) -> InMemoryTrainingSource {
        InMemoryTrainingSource(users: community.users, interactions: community.interactions)
    }

    @Test("On a made-up community the pipeline beats stage 1 alone, and popularity by far")
    func quality() async throws {
        let community = try Self.community.get()
        let store = InMemoryStore()
        let source = Self.source(community)
        let phases = Mutex<[TrainingProgress.Phase]>([])
        let report = try await TrainingJob(source: source, models: store, embeddings: store).run(Self.options()) { progress in
            phases.withLock { if $0.last != progress.phase { $0.append(progress.phase) } }
        }
        #expect(report.outcome == .activated)
        #expect(report.people == 2000 && report.interactions == 40_000)
        #expect(phases.withLock { $0 } == TrainingProgress.Phase.allCases)
        let record = try #require(try await store.active())
        #expect(record.version == report.version && record.version == "v20260101.000000")
        let model = try PipelineModel(decoding: try #require(try await store.artefact(record.version)))
        #expect(model.dimension == 16 && model.targetGram.count == 256)
        #expect(model.metrics == report.metrics)

        let judged = try await LiveEvaluation(source: source, models: store, embeddings: store)
            .run(heldOut: community.heldOut, truth: community.truth, sample: 800, now: community.options.end)
        let oracle = try #require(judged.oracle)
        #expect(judged.people == 800)
        #expect(judged.pipeline.recallAt20 > 1.5 * judged.popularity.recallAt20)
        #expect(judged.pipeline.recallAt20 > judged.stage1.recallAt20)
        #expect(judged.pipeline.recallAt20 > 0.6 * oracle.recallAt20)
        #expect(try #require(report.metrics["auc"]) > 0.55)
        #expect(try #require(report.metrics["ece"]) < 0.15)
    }

    @Test("Equal data, options and seed make equal models")
    func determinism() async throws {
        let community = try Self.community.get()
        var artefacts: [[UInt8]] = []
        for threads in [1, 2] {
            let store = InMemoryStore()
            let report = try await TrainingJob(source: Self.source(community), models: store, embeddings: store)
                .run(Self.options { $0.threads = threads })
            artefacts.append(try #require(try await store.artefact(report.version)))
        }
        #expect(artefacts[0] == artefacts[1])
    }

    @Test("A worse model is registered but not activated, unless it is forced")
    func guarded() async throws {
        let community = try Self.community.get()
        let store = InMemoryStore()
        let job = TrainingJob(source: Self.source(community), models: store, embeddings: store)
        let good = try await job.run(Self.options())
        let worse = try await job.run(Self.options { $0.quotas = [.exploration: 30] })
        guard case .rejected(let quality, let activeQuality, let version) = worse.outcome else {
            Issue.record("Lists made of people drawn at random were not rejected: \(worse.outcome)")
            return
        }
        #expect(quality < activeQuality && version == good.version)
        #expect(worse.version == good.version + ".2")
        #expect(try await store.active()?.version == good.version)
        #expect(try await store.models().count == 2)
        let forced = try await job.run(
            Self.options {
                $0.quotas = [.exploration: 30]
                $0.force = true
            })
        #expect(forced.outcome == .activated)
        #expect(try await store.active()?.version == forced.version)
    }

    @Test("People without profiles, who only ever like, can be learnt from")
    func bareLikes() async throws {
        let community = try Self.community.get()
        let users = community.users.map { User(id: $0.id, name: "Person \($0.id)", createdAt: Timestamp(seconds: 1_700_000_000)) }
        let likes = community.interactions.filter(\.kind.isPositive).map { row in
            var row = row
            row.timestamp = Timestamp(seconds: 1_750_000_000)
            return row
        }
        let store = InMemoryStore()
        let source = InMemoryTrainingSource(users: users, interactions: likes)
        let report = try await TrainingJob(source: source, models: store, embeddings: store).run(Self.options())
        #expect(report.outcome == .activated)
        #expect(report.parameters["cut"] == "random")
        #expect(try #require(report.metrics["recall@20"]) > 0)
        #expect(report.metrics["auc"] == nil)
    }

    @Test(
        "Too little to learn from is refused with a sentence, and nothing is left behind",
        arguments: [(0, 0), (1, 0), (50, 0), (50, 9), (2, 2)])
    func tooLittle(people: Int, likes: Int) async throws {
        let users = (0..<people).map { User(id: UserID(Int64($0) + 1), name: "Somebody", createdAt: Timestamp(seconds: 0)) }
        let rows = (0..<likes).map { index in
            Interaction(
                id: Int64(index), userID: UserID(Int64(index % people) + 1), targetUserID: UserID(Int64((index + 1) % people) + 1), kind: .like,
                timestamp: Timestamp(seconds: Int64(index)))
        }
        let store = InMemoryStore()
        let job = TrainingJob(source: InMemoryTrainingSource(users: users, interactions: rows), models: store, embeddings: store)
        await #expect {
            try await job.run(Self.options())
        } throws: { ($0 as? TrainingError)?.code == .notEnoughData && "\($0)".hasSuffix(".") }
        #expect(try await store.models().isEmpty)
    }

    @Test("Options that make no sense are refused")
    func badOptions() async throws {
        let store = InMemoryStore()
        let job = TrainingJob(source: InMemoryTrainingSource(users: [], interactions: []), models: store, embeddings: store)
        for change: (inout TrainingOptions) -> Void in [
            { $0.heldOutShare = 1 }, { $0.threads = 0 }, { $0.quotas = [:] }, { $0.rankerPenalty = -1 },
        ] {
            await #expect {
                try await job.run(Self.options(change))
            } throws: { ($0 as? TrainingError)?.code == .invalidOption }
        }
    }

    @Test("Without an active model there is nothing to judge")
    func noModel() async throws {
        let store = InMemoryStore()
        let evaluation = LiveEvaluation(source: InMemoryTrainingSource(users: [], interactions: []), models: store, embeddings: store)
        await #expect {
            try await evaluation.run(heldOut: [], now: Timestamp(seconds: 0))
        } throws: { ($0 as? TrainingError)?.code == .noModel }
    }
}

@Suite(.serialized) struct TuningTests {
    @Test("Tuning tries settings of both stages, stores nothing, and what it finds trains a model of that quality")
    func tuning() async throws {
        let community = try TrainingJobTests.community.get()
        let store = InMemoryStore()
        let job = TrainingJob(source: TrainingJobTests.source(community), models: store, embeddings: store)
        let options = TrainingJobTests.options {
            $0.factorizations = [
                FactorizationTrial(factors: 8, iterations: 6, unobservedMass: 20, regularization: 0.05, regularizationExponent: 1),
                FactorizationTrial(factors: 16, iterations: 8, unobservedMass: 100, regularization: 0.01, regularizationExponent: 1),
            ]
            $0.rankerPenalties = [1e-5, 1]
        }
        let report = try await job.tune(options)
        #expect(report.trials.map(\.stage) == ["factorization", "factorization", "ranker", "ranker"])
        #expect(report.rankerPenalty == 1e-5, "A penalty of 1 leaves next to nothing of the weights.")
        #expect(report.activeVersion == nil)
        #expect(try await store.models().isEmpty)

        let trained = try await job.run(
            TrainingJobTests.options {
                $0.factorizations = [report.factorization]
                $0.rankerPenalties = [report.rankerPenalty]
            })
        #expect(trained.metrics["ndcg@10"] == report.metrics["ndcg@10"])
        let record = try #require(try await store.active())
        #expect(abs(record.importance.reduce(0) { $0 + $1.share } - 1) < 1e-9)
        #expect(record.quality == report.metrics["ndcg@10"])
        let again = try await job.tune(options)
        #expect(again.activeVersion == trained.version)
        #expect(again.trials == report.trials)
    }
}
