internal import Glibc
internal import Synchronization

/// Loops over independent ranges on threads of our own.
enum ParallelRanges {
    private final class Work: Sendable {
        let next = Atomic<Int>(0)
        let count: Int
        let chunk: Int
        let body: @Sendable (Range<Int>) -> Void

        init(count: Int, chunk: Int, body: @escaping @Sendable (Range<Int>) -> Void) {
            (self.count, self.chunk, self.body) = (count, chunk, body)
        }

        func run() {
            while true {
                let start = self.next.wrappingAdd(self.chunk, ordering: .relaxed).oldValue
                guard start < self.count else { return }
                self.body(start..<min(start + self.chunk, self.count))
            }
        }
    }

    /// Calls `body` once for each chunk of 0..<count, on `threads` threads including this one, and returns when all are done.
    ///
    /// Which thread takes which chunk is a matter of timing: a result repeats to the bit if no chunk reads what another one writes.
    static func forEach(count: Int, chunk: Int, threads: Int, _ body: @escaping @Sendable (Range<Int>) -> Void) {
        let work = Work(count: count, chunk: max(chunk, 1), body: body)
        var started: [pthread_t] = []
        for _ in 1..<max(threads, 1) where count > chunk {
            var thread = pthread_t()
            let context = unsafe Unmanaged.passRetained(work)
            let status = unsafe pthread_create(
                &thread, nil,
                { argument in
                    if let argument = unsafe argument { unsafe Unmanaged<Work>.fromOpaque(argument).takeRetainedValue().run() }
                    return nil
                }, context.toOpaque())
            if status == 0 { started.append(thread) } else { unsafe context.release() }  // Fewer threads do the same work.
        }
        work.run()
        for thread in started { pthread_join(thread, nil) }
    }
}
