import Logging
import Synchronization
import Telemetry
import Testing

@Suite struct LogJournalTests {
    private final class Lines: Sendable {
        private let lines = Mutex<[String]>([])
        func append(_ bytes: [UInt8]) { self.lines.withLock { $0.append(String(decoding: bytes, as: UTF8.self)) } }
        var all: [String] { self.lines.withLock { $0 } }
    }

    private func write(
        _ handler: JSONLogHandler, _ level: Logger.Level, _ message: String, error: String? = nil, at second: Int64 = 100
    ) {
        let event = LogEvent(
            level: level, message: "\(message)", metadata: error.map { ["error": .string($0)] }, source: "", file: "", function: "", line: 0)
        handler.write(event, seconds: second, microseconds: 0)
    }

    @Test("The same warning is written a few times, then counted, and the count is told")
    func repeats() {
        let (lines, journal) = (Lines(), LogJournal(limit: 3, window: 10))
        let handler = JSONLogHandler(service: "s", journal: journal, processID: 1, sink: lines.append)
        for _ in 0..<20 { self.write(handler, .warning, "Away", error: "timeout after 12 ms") }
        #expect(lines.all.count == 3)
        self.write(handler, .warning, "Another one")
        #expect(lines.all.count == 4, "Another line is not held back.")
        self.write(handler, .warning, "Away", error: "timeout after 99 ms", at: 111)
        #expect(lines.all.last?.contains(#""suppressed":17"#) == true)
        #expect(journal.groups.map(\.count).sorted() == [1, 21])
    }

    @Test("What is no warning is never held back")
    func informative() {
        let lines = Lines()
        let handler = JSONLogHandler(service: "s", journal: LogJournal(limit: 1, window: 10), processID: 1, sink: lines.append)
        for _ in 0..<50 { self.write(handler, .info, "Request answered") }
        #expect(lines.all.count == 50)
    }

    @Test("Failures of one kind are one group, whomever they concern; other kinds and levels are their own")
    func fingerprints() throws {
        let journal = LogJournal()
        let handler = JSONLogHandler(
            service: "s", journal: journal, processID: 1, context: { LogContext(requestID: "r1", traceID: "t1") }, sink: { _ in })
        self.write(handler, .error, "Request failed", error: #"user 17 of "Oslo" is locked"#, at: 100)
        self.write(handler, .error, "Request failed", error: #"user 2309 of "Bergen" is locked"#, at: 105)
        self.write(handler, .error, "Request failed", error: "out of memory", at: 101)
        self.write(handler, .warning, "Request failed", error: "out of memory", at: 102)
        #expect(journal.groups.count == 3)
        let latest = try #require(journal.groups.first)
        #expect(latest.count == 2)
        #expect(latest.cause.contains("2309"))
        #expect(latest.firstSeen == 100_000_000 && latest.lastSeen == 105_000_000)
        #expect(latest.requestID == "r1" && latest.traceID == "t1")
        #expect(latest.fingerprint.utf8.count == 16)
    }

    @Test("Groups are bounded: the one seen longest ago goes")
    func bounded() {
        let journal = LogJournal()
        let handler = JSONLogHandler(service: "s", journal: journal, processID: 1, sink: { _ in })
        for index in 0..<300 { self.write(handler, .error, "Message \(String(index, radix: 36, uppercase: true)) \(index)", at: Int64(index)) }
        #expect(journal.groups.count == 200)
        #expect(journal.groups.last?.lastSeen == 100_000_000)
    }

    @Test("A level that is changed holds at once, for loggers that have none of their own")
    func control() {
        let (lines, control) = (Lines(), LogControl(level: .info))
        var logger = Logger(label: "x") { _ in JSONLogHandler(service: "s", control: control, processID: 1, sink: lines.append) }
        logger.debug("one")
        #expect(control.set(.debug) == .info)
        logger.debug("two")
        logger.logLevel = .error
        logger.debug("three")
        #expect(lines.all.count == 1)
        #expect(lines.all[0].contains("two"))
    }
}
