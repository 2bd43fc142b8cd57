import Logging
import Synchronization
import Telemetry
import Testing

@Suite struct JSONLogHandlerTests {
    final class Lines: Sendable {
        private let lines = Mutex<[String]>([])
        func append(_ bytes: [UInt8]) { self.lines.withLock { $0.append(String(decoding: bytes, as: UTF8.self)) } }
        var all: [String] { self.lines.withLock { $0 } }
    }

    private func line(
        _ level: Logger.Level = .info, _ message: String = "Recommendations generated", _ metadata: Logger.Metadata = [:],
        format: LogFormat = .json, replica: String? = nil, context: LogContext? = nil
    ) throws -> String {
        let lines = Lines()
        let handler = JSONLogHandler(
            service: "ranking", replica: replica, format: format, processID: 42, context: { context }, sink: lines.append)
        let event = LogEvent(
            level: level, message: "\(message)", metadata: metadata, source: "", file: "", function: "", line: 0)
        handler.write(event, seconds: 1_705_746_600, microseconds: 1234)
        return try #require(lines.all.first)
    }

    @Test("A line has the specification's keys, numbers as numbers")
    func specification() throws {
        let metadata: Logger.Metadata = [
            "user.id": .stringConvertible(123), "count": .stringConvertible(20), "generation-time.ms": .stringConvertible(145.67),
            "cached": .stringConvertible(false),
        ]
        let context = LogContext(requestID: "uuid-12345", traceID: "0af7651916cd43dd8448eb211c80319c")
        #expect(
            try self.line(.info, "Recommendations generated", metadata, replica: "ranking-1", context: context)
                == #"{"timestamp":"2024-01-20T10:30:00.001234Z","level":"INFO","message":"Recommendations generated","#
                + #""service":"ranking","pid":42,"replica":"ranking-1","request_id":"uuid-12345","#
                + #""trace_id":"0af7651916cd43dd8448eb211c80319c","#
                + #""cached":false,"count":20,"generation_time_ms":145.67,"user_id":123}"# + "\n")
    }

    @Test(
        "Levels have the specification's names",
        arguments: [
            (Logger.Level.trace, "DEBUG"), (.debug, "DEBUG"), (.info, "INFO"), (.notice, "INFO"), (.warning, "WARNING"), (.error, "ERROR"),
            (.critical, "CRITICAL"),
        ])
    func levels(level: Logger.Level, name: String) throws {
        #expect(try self.line(level).contains("\"level\":\"\(name)\""))
    }

    @Test("Quotes, backslashes and control characters are escaped, other text is left alone")
    func escaping() throws {
        let line = try self.line(.info, "a\"b\\c\nd\u{1}\u{1F600}é")
        #expect(line.contains(#""message":"a\"b\\c\nd\u0001😀é""#))
        #expect(line.filter { $0 == "\n" }.count == 1)
    }

    @Test("Nested metadata becomes nested JSON")
    func nested() throws {
        let line = try self.line(
            .info, "m",
            ["list": ["a", .stringConvertible(2)], "object": ["k": "v", "a": .array([])], "z": "last"])
        #expect(line.hasSuffix(#""list":["a",2],"object":{"a":[],"k":"v"},"z":"last"}"# + "\n"))
    }

    @Test("Metadata can't take the place of a reserved key, nor repeat an identifier")
    func reserved() throws {
        let line = try self.line(
            .info, "m", ["level": "x", "request.id": "other"], context: LogContext(requestID: "mine"))
        #expect(line.contains(#""level":"INFO""#))
        #expect(line.contains(#""level_":"x""#))
        #expect(line.contains(#""request_id":"mine""#))
        #expect(!line.contains("other"))
    }

    @Test("The text format is one line for people")
    func text() throws {
        #expect(
            try self.line(.warning, "slow\nquery", ["ms": .stringConvertible(12)], format: .text, replica: "ranking-2")
                == "2024-01-20T10:30:00.001234Z WARNING ranking-2[42] slow\\nquery ms=12\n")
    }

    @Test("The task's context and the handler's own metadata reach the line")
    func taskLocal() throws {
        let lines = Lines()
        var logger = Logger(label: "x") { _ in JSONLogHandler(service: "s", processID: 1, sink: lines.append) }
        logger[metadataKey: "zone"] = "a"
        LogContext.$current.withValue(LogContext(requestID: "r")) {
            logger.info("hello", metadata: ["k": "v"])
            logger.debug("below the level")
        }
        #expect(lines.all.count == 1)
        #expect(try #require(lines.all.first).hasSuffix(#""pid":1,"request_id":"r","k":"v","zone":"a"}"# + "\n"))
    }

    @Test(
        "A level is read by its name in any case",
        arguments: [("info", Logger.Level.info), ("WARNING", .warning), ("Critical", .critical)])
    func levelNames(name: String, level: Logger.Level) {
        #expect(Logger.Level(standardName: name) == level)
        #expect(Logger.Level(standardName: "verbose") == nil)
    }
}
