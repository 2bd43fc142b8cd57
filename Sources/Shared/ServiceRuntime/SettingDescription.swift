/// What one variable means: the one table behind parsing, error messages, `--help` and the example file.
public struct SettingDescription: Sendable {
    public enum Group: String, CaseIterable, Sendable {
        case application = "Application"
        case access = "Access"
        case stores = "Stores"
        case learning = "Learning"
        case people = "People"
        case logging = "Logging"
        case traces = "Traces"
        case process = "Process"
    }

    /// What values are allowed.
    public enum Kind: Sendable {
        case text
        case flag
        case integer(ClosedRange<Int>)
        case number(ClosedRange<Double>)
        /// One of some words, read in any case.
        case choice([String])
        case path(maximumLength: Int)
        /// One of some schemes, or with `keywords` libpq's `key=value` form.
        case url(schemes: [String], keywords: Bool)
    }

    public let name: SettingName
    public let group: Group
    public let kind: Kind
    /// `nil`: unset unless given.
    public let defaultValue: String?
    public let summary: String
    /// Never shown, and never taken from the command line, where every user of the machine could read it.
    public let isSecret: Bool

    /// What is allowed, as it ends a sentence that says "allowed: …".
    public var allowed: String {
        switch self.kind {
        case .text: "any text"
        case .flag: "true or false"
        case .integer(let range): "a whole number from \(range.lowerBound) to \(range.upperBound)"
        case .number(let range): "a number from \(range.lowerBound) to \(range.upperBound)"
        case .choice(let words): words.dropLast().joined(separator: ", ") + " or " + (words.last ?? "")
        case .path(let maximum): "a path of at most \(maximum) bytes"
        case .url(let schemes, let keywords):
            schemes.map { "\($0)://…" }.joined(separator: ", ") + (keywords ? " or libpq's key=value form" : "")
        }
    }
}

extension SettingName {
    public var description: SettingDescription {
        switch self {
        case .appName: self.entry(.application, .text, "Duet", "Name of the installation, shown in health bodies and the API document.")
        case .debug: self.entry(.application, .flag, "false", "Log at DEBUG unless LOG_LEVEL says otherwise.")
        case .environment:
            self.entry(
                .application, .choice(["development", "staging", "production", "test"]), "development", "Where this runs; shown in logs.")
        case .host: self.entry(.application, .text, "127.0.0.1", "Address on which the gateway listens.")
        case .port: self.entry(.application, .integer(0...65535), "8000", "Port on which the gateway listens; 0 takes any free one.")
        case .workers: self.entry(.application, .integer(1...64), "1", "Gateway processes that `duet up` starts on the one port.")
        case .requestBudget:
            self.entry(
                .application, .integer(10...60_000), "300",
                "Milliseconds that a recommendation may take in all; each hop gets what is left.")
        case .jwtKeyFile: self.entry(.access, .path(maximumLength: 4095), nil, "File (mode 0600) with the key of HS256 tokens.")
        case .jwtKeySetFile:
            self.entry(
                .access, .path(maximumLength: 4095), nil,
                "File with the JSON Web Key Set of ES256 and EdDSA tokens; read again when it changes. Beside or instead of the HS256 key.")
        case .jwtAudience: self.entry(.access, .text, "duet", "Audience that a token must name.")
        case .rateLimitUserRate:
            self.entry(.access, .integer(0...1_000_000), "20", "Requests a second that a person's tokens may send; 0 sets no limit.")
        case .rateLimitUserBurst: self.entry(.access, .integer(1...1_000_000), "60", "Requests that may come at once from them.")
        case .rateLimitAddressRate:
            self.entry(.access, .integer(0...1_000_000), "20", "Requests a second without a valid token from an address; 0 sets no limit.")
        case .rateLimitAddressBurst: self.entry(.access, .integer(1...1_000_000), "60", "Requests that may come at once from it.")
        case .trustedProxies:
            self.entry(.access, .text, nil, "Addresses of proxies, with commas between, whose X-Forwarded-For is believed.")
        case .maximumConnections:
            self.entry(.access, .integer(1...1_000_000), "4096", "Connections that a gateway holds at once; more get a 503.")
        case .eventStreams:
            self.entry(
                .access, .integer(0...1_000_000), "1024", "Streams of events that a gateway holds open at once; more get a 503.")
        case .profileCacheCapacity:
            self.entry(
                .access, .integer(0...10_000_000), "20000",
                "People that a gateway keeps in memory, about 2 kB each; 0 keeps none.")
        case .databaseURL:
            self.entry(
                .stores, .url(schemes: ["postgresql", "postgres"], keywords: true), nil,
                "PostgreSQL. Unset: `duet up` starts a private one. SQLAlchemy's postgresql+driver:// is understood.", secret: true)
        case .databasePoolSize:
            self.entry(
                .stores, .integer(1...200), "4",
                "Connections that a process keeps open. On few cores more are slower: 16 do less than 4 on two.")
        case .databaseMaxOverflow:
            self.entry(.stores, .integer(0...200), "0", "Further connections a process may open in a rush; closed when idle.")
        case .redisURL:
            self.entry(
                .stores, .url(schemes: ["redis", "unix"], keywords: false), nil, "Redis. Unset: `duet up` starts a private one.",
                secret: true)
        case .embeddingDimension:
            self.entry(
                .learning, .integer(2...512), nil,
                "Factors of a person's embedding. Unset: training picks the number that validates best.")
        case .candidateTopK:
            self.entry(
                .learning, .integer(10...2000), "300",
                "People whom stage 1 hands to stage 2 for one list, or three times the list's length if that is more. The gateway asks for so "
                    + "many; CandidateSvc answers so many where a caller names no number.")
        case .rankingModelVersion:
            self.entry(.learning, .text, nil, "Serve this version of the model. Unset: the registry's active one.")
        case .featureCacheCapacity:
            self.entry(.learning, .integer(0...10_000_000), "50000", "People whose features a FeatureSvc keeps in memory.")
        case .passReturnDays:
            self.entry(.people, .integer(0...3650), "0", "Days after which somebody who was passed on may come again; 0: never.")
        case .fatigueImpressions:
            self.entry(
                .people, .integer(0...1000), "0", "Somebody shown to a person so often without an answer is left out; 0: nobody ever is.")
        case .fatigueDays: self.entry(.people, .integer(1...365), "7", "Days after which they come again.")
        case .idleDays:
            self.entry(.people, .integer(0...3650), "0", "Days without activity after which somebody is proposed to nobody; 0: never.")
        case .likesYouPerList:
            self.entry(
                .people, .integer(0...20), "0", "How many people who like a person are moved up in one list at most, without being named; 0: none.")
        case .exposureDailyCap:
            self.entry(
                .people, .integer(0...1_000_000), "0", "Impressions a day after which somebody stands behind those with fewer; 0: none are too many.")
        case .newcomerFloor:
            self.entry(
                .people, .integer(0...100), "0", "Percent of every beginning of a list that newcomers get, as far as there are any.")
        case .likesPerDay:
            self.entry(.people, .integer(0...1_000_000), "0", "Likes that a person may give a day; 0 sets no limit.")
        case .logLevel:
            self.entry(.logging, .choice(["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"]), "INFO", "Lowest level that is written.")
        case .logFormat: self.entry(.logging, .choice(["json", "text"]), "json", "One JSON object a line, or lines for people.")
        case .tracesEndpoint:
            self.entry(
                .traces, .url(schemes: ["http", "unix"], keywords: false), nil,
                "Receiver of traces (OTLP over HTTP), such as http://127.0.0.1:4318. Unset: none are recorded.")
        case .tracesSample:
            self.entry(.traces, .number(0...1), "0.01", "Share of the requests, of those that bring no trace, that are traced through all services.")
        case .tracesSlow:
            self.entry(
                .traces, .integer(1...600_000), "250", "Milliseconds from which on the gateway's part of a request's trace is always kept.")
        case .meshDirectory:
            self.entry(.process, .path(maximumLength: 60), nil, "Folder (mode 0700) in which the services find each other's sockets.")
        case .meshVersion:
            self.entry(.process, .text, nil, "Version label of this process in the mesh. Unset: that of the build.")
        case .meshWeight:
            self.entry(
                .process, .integer(1...10_000), "100",
                "Percent of a usual replica's calls; a version whose replicas weigh less, a canary, gets that share of the calls.")
        case .meshShadow:
            self.entry(
                .process, .integer(0...100), "0",
                "Percent of the calls of which this process gets a copy whose reply is dropped; above 0 it gets no call itself.")
        case .healthSocket:
            self.entry(.process, .path(maximumLength: 107), nil, "Unix socket of this process's own /health and /metrics.")
        case .healthPort:
            self.entry(
                .process, .integer(1...65535), nil, "Port of this process's own /health and /metrics, on HOST; beside HEALTH_SOCKET.")
        case .replica: self.entry(.process, .text, nil, "Name of this process among its service's, shown in logs.")
        case .listenDescriptors:
            self.entry(
                .process, .integer(0...16), "0", "Sockets handed over by the parent, the first as descriptor 3 (systemd's protocol).")
        case .shutdownTimeout:
            self.entry(
                .process, .integer(100...600_000), "10000", "Milliseconds that draining may take after SIGTERM; then the process exits.")
        case .supervisorProcessID:
            self.entry(.process, .integer(1...4_194_304), nil, "Set by `duet up`: the process ends when this parent does.")
        case .supervisorSocket:
            self.entry(.process, .path(maximumLength: 107), nil, "Set by `duet up`: where a gateway asks it to scale a service.")
        }
    }

    private func entry(
        _ group: SettingDescription.Group, _ kind: SettingDescription.Kind, _ defaultValue: String?, _ summary: String, secret: Bool = false
    ) -> SettingDescription {
        SettingDescription(name: self, group: group, kind: kind, defaultValue: defaultValue, summary: summary, isSecret: secret)
    }
}
