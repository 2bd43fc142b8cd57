import Domain
import Synchronization
import TestKit
import Testing

/// What came back so far.
private final class Answers: Sendable {
    private let list = Mutex<[Answer]>([])
    var all: [Answer] { self.list.withLock { $0 } }
    func append(_ answer: Answer) { self.list.withLock { $0.append(answer) } }
}

@Suite struct ModelSwapTests {
    @Test("A model is swapped under requests: none fails or is degraded, and both stages come to use the new one")
    func swap() async throws {
        try await Pipeline.with { pipeline in
            let (old, new) = (pipeline.version, pipeline.community.models[1].record.version)
            let before = await pipeline.recommendations(for: pipeline.viewer, explained: true)
            let answers = Answers()
            try await pipeline.whileFollowing {
                try await withThrowingTaskGroup { group in
                    for worker in 0..<4 { group.addTask { await Self.askOnAndOn(pipeline, worker, answers) } }
                    #expect(await eventually(within: .seconds(30)) { answers.all.count >= 20 })
                    let isKnown = try await pipeline.store.activate(new)
                    #expect(isKnown)
                    #expect(await eventually(within: .seconds(30)) { answers.all.last?.version == new })
                    #expect(await eventually(within: .seconds(30)) { pipeline.retrievalVersion == new })
                    let count = answers.all.count
                    #expect(await eventually(within: .seconds(30)) { answers.all.count >= count + 20 })
                    group.cancelAll()
                }
            }
            #expect(answers.all.allSatisfy { $0.status == 200 && $0.degraded == [] && !$0.ids.isEmpty })
            #expect(Set(answers.all.map(\.version)) == [old, new])

            let after = await pipeline.recommendations(for: pipeline.viewer, explained: true)
            #expect(after.version == new)
            // The former model can still be asked for, and judges as it did.
            let asked = await pipeline.recommendations(for: pipeline.viewer, "algorithm_version=\(old)&limit=100", explained: true)
            #expect(asked.version == old)
            let common = before.ids.filter(asked.ids.contains)
            #expect(!common.isEmpty && common.allSatisfy { before.explanation(of: $0) == asked.explanation(of: $0) })
        }
    }

    /// Asks for one list after the other until cancelled. Each round makes longer lists: the cache has no part in it.
    private static func askOnAndOn(_ pipeline: Pipeline, _ worker: Int, _ answers: Answers) async {
        let viewers = pipeline.community.viewers
        var turn = worker
        while !Task.isCancelled {
            let limit = 10 + turn / viewers.count % 90
            let answer = await pipeline.recommendations(for: viewers[turn % viewers.count], "limit=\(limit)")
            // What is answered to somebody who has gone is no matter.
            if !Task.isCancelled { answers.append(answer) }
            turn += 4
        }
    }
}
