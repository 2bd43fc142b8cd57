import Logging
import ServiceRuntime
import Telemetry
import Testing

@Suite struct SettingsTests {
    @Test("An empty environment gives the documented defaults")
    func defaults() throws {
        let settings = try Settings(environment: [:])
        #expect(settings.applicationName == "Duet")
        #expect(!settings.isDebug)
        #expect(settings.host == "127.0.0.1")
        #expect(settings.port == 8000)
        #expect(settings.workers == 1)
        #expect(settings.requestBudget == .milliseconds(300))
        #expect(settings.databaseURL == nil)
        #expect(settings.databasePoolSize == 4)
        #expect(settings.candidateTopK == 300)
        #expect(settings.embeddingDimension == nil)
        #expect(settings.logLevel == .info)
        #expect(settings.logFormat == .json)
        #expect(settings.listenDescriptors == 0)
        #expect(settings.supervisorProcessID == nil)
    }

    @Test("The specification's block is read whole")
    func specification() throws {
        let settings = try Settings(environment: [
            "APP_NAME": "Two-Stage Recommender System", "DEBUG": "False", "ENVIRONMENT": "production", "HOST": "0.0.0.0", "PORT": "8000",
            "WORKERS": "4", "DATABASE_URL": "postgresql://user:password@host:5432/database", "DATABASE_POOL_SIZE": "10",
            "DATABASE_MAX_OVERFLOW": "20", "REDIS_URL": "redis://redis:6379", "EMBEDDING_DIMENSION": "64",
            "CANDIDATE_GENERATION_TOP_K": "100", "RANKING_MODEL_VERSION": "v1.0.0", "LOG_LEVEL": "INFO", "LOG_FORMAT": "json",
        ])
        #expect(settings.applicationName == "Two-Stage Recommender System")
        #expect(settings.environment == "production")
        #expect(settings.host == "0.0.0.0")
        #expect(settings.workers == 4)
        #expect(settings.databaseURL == "postgresql://user:password@host:5432/database")
        #expect(settings.databasePoolSize == 10)
        #expect(settings.databaseMaxOverflow == 20)
        #expect(settings.redisURL == "redis://redis:6379")
        #expect(settings.embeddingDimension == 64)
        #expect(settings.candidateTopK == 100)
        #expect(settings.rankingModelVersion == "v1.0.0")
    }

    @Test("All problems are told at once, each with its variable, value and what is allowed")
    func problems() {
        let error = #expect(throws: SettingsError.self) {
            try Settings(
                environment: ["PORT": "http", "LOG_LEVEL": "loud", "WORKERS": "0", "DEBUG": "maybe"], requiring: [.databaseURL])
        }
        #expect(
            error?.problems == [
                "DEBUG is \"maybe\"; allowed: true or false.",
                "PORT is \"http\"; allowed: a whole number from 0 to 65535.",
                "WORKERS is \"0\"; allowed: a whole number from 1 to 64.",
                "LOG_LEVEL is \"loud\"; allowed: DEBUG, INFO, WARNING, ERROR or CRITICAL.",
                "DATABASE_URL is not set: PostgreSQL. Unset: `duet up` starts a private one. "
                    + "SQLAlchemy's postgresql+driver:// is understood.",
            ])
    }

    @Test("A wrong secret is never shown")
    func secrets() {
        let error = #expect(throws: SettingsError.self) { try Settings(environment: ["DATABASE_URL": "mysql://root:hunter2@db/x"]) }
        #expect(error?.description.contains("DATABASE_URL") == true)
        #expect(error?.description.contains("hunter2") == false)
    }

    @Test(
        "Database addresses are brought into libpq's form",
        arguments: [
            ("postgresql+asyncpg://u:p@h/d", "postgresql://u:p@h/d"), ("postgres://h/d", "postgresql://h/d"),
            ("postgresql:///d?host=/run/pg", "postgresql:///d?host=/run/pg"), ("host=/run/pg dbname=d", "host=/run/pg dbname=d"),
        ])
    func databaseURL(given: String, expected: String) throws {
        #expect(try Settings(environment: ["DATABASE_URL": given]).databaseURL == expected)
    }

    @Test("Wrong addresses are refused", arguments: ["redis+x://h", "http://h", "localhost:6379", "rediss://h"])
    func redisURL(given: String) {
        #expect(throws: SettingsError.self) { try Settings(environment: ["REDIS_URL": given]) }
    }

    @Test("Flags stand above the environment, in both forms")
    func flags() throws {
        let settings = try Settings(
            arguments: ["--port", "9000", "--debug", "--host=::1"], environment: ["PORT": "1", "HOST": "x", "LOG_FORMAT": "text"])
        #expect(settings.port == 9000)
        #expect(settings.host == "::1")
        #expect(settings.isDebug)
        #expect(settings.logLevel == .debug)
        #expect(settings.logFormat == .text)
    }

    @Test(
        "A wrong flag is a sentence",
        arguments: [
            (["--pord", "1"], "--pord is no option of this program; --help lists them."),
            (["--port"], "--port needs a value: a whole number from 0 to 65535."),
            (
                ["--database-url", "postgresql://u:p@h/d"],
                "--database-url would show a secret to every user of this machine: "
                    + "set DATABASE_URL in the environment."
            ),
        ])
    func wrongFlags(arguments: [String], sentence: String) {
        let error = #expect(throws: SettingsError.self) { try Settings(arguments: arguments, environment: [:]) }
        #expect(error?.problems.first == sentence)
    }

    @Test("LOG_LEVEL stands above DEBUG")
    func debug() throws {
        #expect(try Settings(environment: ["DEBUG": "1"]).logLevel == .debug)
        #expect(try Settings(environment: ["DEBUG": "1", "LOG_LEVEL": "warning"]).logLevel == .warning)
    }

    @Test("A required value that is unset is a sentence, a set one is given")
    func required() throws {
        #expect(try Settings(environment: ["MESH_DIR": "/m"]).required(.meshDirectory) == "/m")
        let error = #expect(throws: SettingsError.self) { try Settings(environment: [:]).required(.meshDirectory) }
        #expect(error?.description.hasPrefix("MESH_DIR is not set") == true)
    }

    @Test("Every default is a value that the table itself allows")
    func defaultsAreAllowed() throws {
        var environment: [String: String] = [:]
        for name in SettingName.allCases { environment[name.rawValue] = name.description.defaultValue }
        _ = try Settings(environment: environment)
    }

    @Test("The example file and the help name every variable", arguments: SettingName.allCases)
    func documentation(name: SettingName) {
        #expect(Settings.documentation.contains("\n#\(name.rawValue)="))
        #expect(Settings.help(program: "ranking").contains(name.rawValue))
    }
}

@Suite struct TraceSettingsTests {
    @Test("Traces are off until a receiver is named")
    func traces() throws {
        let untouched = try Settings(environment: [:])
        #expect(untouched.tracesEndpoint == nil && untouched.tracesSample == 0.01 && untouched.tracesSlow == .milliseconds(250))
        let settings = try Settings(
            environment: ["TRACES_ENDPOINT": "http://127.0.0.1:4318", "TRACES_SAMPLE": "0.5", "TRACES_SLOW_MS": "80"])
        #expect(settings.tracesEndpoint == TraceEndpoint("http://127.0.0.1:4318"))
        #expect(settings.tracesSample == 0.5 && settings.tracesSlow == .milliseconds(80))
    }

    @Test(
        "What can't be is told",
        arguments: [
            ("TRACES_ENDPOINT", "https://a"), ("TRACES_ENDPOINT", "http://"), ("TRACES_SAMPLE", "1.5"), ("TRACES_SAMPLE", "nan"),
            ("TRACES_SLOW_MS", "0"),
        ])
    func wrong(name: String, value: String) {
        let error = #expect(throws: SettingsError.self) { try Settings(environment: [name: value]) }
        #expect(error?.problems.count == 1 && error?.problems[0].hasPrefix("\(name) is \"\(value)\"") == true)
    }
}
