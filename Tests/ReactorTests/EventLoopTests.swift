import Glibc
import Reactor
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(1))) struct EventLoopTests {
    /// Belongs to a loop; counts without a lock, so that two threads at once would lose some.
    private actor Tally {
        private let loop: EventLoop
        private(set) var count = 0

        nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe self.loop.asUnownedSerialExecutor() }

        init(_ loop: EventLoop) { self.loop = loop }

        func add() { self.count += 1 }
    }

    @Test("What is submitted runs in order, on the loop's thread")
    func order() async throws {
        let loop = try EventLoop(name: "test")
        let seen = Mutex<[Int]>([])
        let done = Promise<Bool, Never>()
        for number in 0..<100 { loop.execute { seen.withLock { $0.append(number) } } }
        loop.execute { done.complete(.success(loop.isCurrent)) }
        #expect(await done.value())
        #expect(seen.withLock { $0 } == Array(0..<100))
        #expect(!loop.isCurrent)
    }

    @Test("An idle loop's work is done on the caller's thread, and what it ends its turn with as well")
    func inline() async throws {
        let loop = try EventLoop(name: "test")
        // Whether the loop sleeps already can't be seen from outside: sooner or later it does.
        while !(await Self.runsInline(loop)) { await Task.yield() }
        #expect(!loop.isCurrent)
    }

    private static func runsInline(_ loop: EventLoop) async -> Bool {
        let done = Promise<Bool, Never>()
        Self.perform(on: loop, done)
        return await done.value()
    }

    /// Without a suspension: the thread is the same from end to end.
    @inline(never) private static func perform(on loop: EventLoop, _ done: Promise<Bool, Never>) {
        let caller = UInt(pthread_self())
        loop.perform {
            let runner = UInt(pthread_self())
            loop.atEndOfTurn { done.complete(.success(loop.isCurrent && runner == caller && UInt(pthread_self()) == caller)) }
        }
    }

    @Test("Many threads at once, by jobs, closures and inline: one at a time, and none is lost")
    func exclusion() async throws {
        let loop = try EventLoop(name: "test")
        let tally = Tally(loop)
        let rounds = 2000
        await withDiscardingTaskGroup { group in
            for _ in 0..<4 {
                group.addTask {
                    for _ in 0..<rounds {
                        let done = Promise<Void, Never>()
                        loop.perform {
                            tally.assumeIsolated { $0.add() }
                            done.complete(.success(()))
                        }
                        await done.value()
                    }
                }
                group.addTask { for _ in 0..<rounds { await tally.add() } }
                group.addTask { for _ in 0..<rounds { loop.execute { tally.assumeIsolated { $0.add() } } } }
            }
        }
        // Submitted after all others.
        let total = await tally.count
        #expect(total == 3 * 4 * rounds)
    }

    @Test("A timer that is set while the loop sleeps without one wakes it")
    func timer() async throws {
        let loop = try EventLoop(name: "test")
        for _ in 0..<50 {
            let done = Promise<Void, Never>()
            loop.perform { _ = loop.schedule(after: .milliseconds(1)) { done.complete(.success(())) } }
            await done.value()
        }
    }

    @Test("Work that is submitted from an inline turn is done, though the loop slept")
    func nested() async throws {
        let loop = try EventLoop(name: "test")
        let tally = Tally(loop)
        for _ in 0..<200 {
            let (inner, job) = (Promise<Void, Never>(), Promise<Void, Never>())
            loop.perform {
                loop.perform { inner.complete(.success(())) }
                Task {
                    await tally.add()
                    job.complete(.success(()))
                }
            }
            await inner.value()
            await job.value()
        }
        #expect(await tally.count == 200)
    }
}
