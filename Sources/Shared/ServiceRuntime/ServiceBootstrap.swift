import Dispatch
import Glibc
import Hummingbird
public import Logging
import Telemetry

/// Runs one of Duet's processes from its first line to its last.
///
/// ```swift
/// @main struct Main {
///     static func main() async {
///         await ServiceBootstrap.run(name: "ranking", requiring: [.databaseURL, .meshDirectory]) { runtime in
///             let pool = PostgresPool(configuration: …, logger: runtime.logger)
///             runtime.onShutdown("postgres") { await pool.shutdown() }
///             …
///             try await runtime.serveMesh(RankingService.methods(service))
///         }
///     }
/// }
/// ```
///
/// Order of the end: not ready, then the parts from the last handed over to the first, then the health endpoint. A second signal, or
/// `SHUTDOWN_TIMEOUT_MS`, ends the process at once.
public enum ServiceBootstrap {
    /// Version of this build, as shown in health bodies and in the mesh's directory.
    public static let version = "0.1.0"

    /// Reads the settings, sets up logs, metrics, health and signals, starts the process by `start`, and ends it in order.
    ///
    /// - Parameters:
    ///   - name: The service's name in discovery and logs.
    ///   - required: Variables without which it can't start.
    ///   - start: Starts all parts and returns. Readiness needs its return and all conditions that it adds.
    public static func run(
        name: String, requiring required: [SettingName] = [], _ start: @escaping @Sendable (ProcessRuntime) async throws -> Void
    ) async -> Never {
        let arguments = Array(CommandLine.arguments.dropFirst())
        if arguments.contains("--help") || arguments.contains("-h") {
            print(Settings.help(program: CommandLine.arguments.first ?? name), terminator: "")
            exit(0)
        }
        let settings: Settings
        do {
            settings = try Settings(arguments: arguments, environment: EnvironmentVariables.current, requiring: required)
        } catch {
            Self.fail(name, error.description)
        }
        signal(SIGPIPE, SIG_IGN)
        if let supervisor = settings.supervisorProcessID, !ParentWatch.start(supervisor: supervisor) {
            Self.fail(name, "The supervisor (process \(supervisor)) that started this process has ended.")
        }
        let logger = Self.bootstrapLogging(name: name, settings: settings)
        exit(await Self.run(name: name, settings: settings, logger: logger, start))
    }

    private static func run(
        name: String, settings: Settings, logger: Logger, _ start: @escaping @Sendable (ProcessRuntime) async throws -> Void
    ) async -> Int32 {
        let (events, continuation) = AsyncStream.makeStream(of: ProcessEvent.self)
        let metrics = MetricsRegistry.shared
        ProcessMetrics.register(in: metrics)
        metrics.gauge("duet_build_info", "1, labelled with what runs.", labels: [("service", name), ("version", Self.version)]).set(1)
        let signals = SignalWatch { continuation.yield(.signal($0)) }
        defer { withExtendedLifetime(signals) {} }

        let runtime = ProcessRuntime(
            name: name, version: Self.version, settings: settings, logger: logger, metrics: metrics, events: continuation)
        let started = runtime.readiness.condition("started")
        // First of the parts, so that it stops last: what the others end with is exported too.
        runtime.exportTraces()
        let healthServers: [HealthServer]
        do {
            healthServers = try await Self.startHealth(runtime)
        } catch {
            Self.say(name, "The health endpoint can't listen: \(error)")
            return 1
        }
        // Cancelled and awaited below, once the first event that ends the process has come.
        let starting = Task {
            do {
                try await start(runtime)
                continuation.yield(.started)
            } catch {
                continuation.yield(.failed(part: nil, error: error))
            }
        }
        // Cancelled and awaited below.
        let watching = Task { await runtime.watchDependencies() }
        var status: Int32 = 0
        events: for await event in events {
            switch event {
            case .started:
                started.set(true)
                logger.info("Started", metadata: ["version": .string(Self.version), "environment": .string(settings.environment)])
            case .failed(let part, let error):
                status = 1
                if let part {
                    logger.critical("A part failed; ending", metadata: ["part": .string(part), "error": "\(error)"])
                } else {
                    Self.say(name, "\(error)")
                }
                break events
            case .signal(let number):
                logger.info("Draining", metadata: ["signal": .stringConvertible(number)])
                break events
            case .stop: break events
            }
        }
        Self.watch(timeout: settings.shutdownTimeout, logger: logger)
        runtime.readiness.drain()
        starting.cancel()
        watching.cancel()
        await starting.value
        await watching.value
        await runtime.stopAll()
        for server in healthServers { await server.stop() }
        logger.info("Ended", metadata: ["status": .stringConvertible(status)])
        return status
    }

    private static func startHealth(_ runtime: ProcessRuntime) async throws -> [HealthServer] {
        let endpoints = HealthEndpoints(
            service: runtime.name, version: runtime.version, settings: runtime.settings, readiness: runtime.readiness,
            checks: runtime.checks, metrics: runtime.metrics)
        var servers: [HealthServer] = []
        if let path = runtime.settings.healthSocket {
            servers.append(try await HealthServer(address: .unixDomainSocket(path: path), endpoints: endpoints, logger: runtime.logger))
        }
        if let port = runtime.settings.healthPort {
            servers.append(
                try await HealthServer(
                    address: .hostname(runtime.settings.host, port: port), endpoints: endpoints, logger: runtime.logger))
        }
        return servers
    }

    /// Logs go to stderr with the identifiers of the HTTP request or of the mesh call that the task works for.
    @discardableResult
    public static func bootstrapLogging(name: String, settings: Settings) -> Logger {
        LogControl.shared.set(settings.logLevel)
        LoggingSystem.bootstrap { _ in
            JSONLogHandler(
                service: name, replica: settings.replica, journal: .shared, format: settings.logFormat, context: Self.currentRequest)
        }
        return Logger(label: name)
    }

    /// Ends the process when draining hangs, on a thread that nothing else uses.
    private static func watch(timeout: Duration, logger: Logger) {
        let milliseconds = Int(timeout / .milliseconds(1))
        DispatchQueue(label: "duet.shutdown").asyncAfter(deadline: .now() + .milliseconds(milliseconds)) {
            logger.error("Draining took too long; ending at once", metadata: ["timeout_ms": .stringConvertible(milliseconds)])
            _exit(1)
        }
    }

    private static func say(_ name: String, _ sentence: String) {
        for line in sentence.split(separator: "\n") { StandardError.write(line: "\(name): \(line)") }
    }

    private static func fail(_ name: String, _ sentence: String) -> Never {
        Self.say(name, sentence)
        exit(1)
    }
}
