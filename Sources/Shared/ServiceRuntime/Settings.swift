public import Logging
public import Telemetry

/// The configuration of a process: every variable of ``SettingName``, parsed and checked.
public struct Settings: Sendable {
    public var applicationName: String
    public var isDebug: Bool
    public var environment: String
    public var host: String
    public var port: Int
    public var workers: Int
    /// What a recommendation request may take in all.
    public var requestBudget: Duration
    public var jwtKeyFile: String?
    public var jwtKeySetFile: String?
    public var jwtAudience: String
    /// Requests a second; 0: no limit.
    public var rateLimitUserRate: Int
    public var rateLimitUserBurst: Int
    public var rateLimitAddressRate: Int
    public var rateLimitAddressBurst: Int
    public var trustedProxies: [String]
    public var maximumConnections: Int
    public var eventStreams: Int
    public var profileCacheCapacity: Int
    /// For libpq; `nil` if unset. ``required(_:)`` where a process can't do without.
    public var databaseURL: String?
    public var databasePoolSize: Int
    public var databaseMaxOverflow: Int
    public var redisURL: String?
    /// `nil`: training chooses.
    public var embeddingDimension: Int?
    public var candidateTopK: Int
    /// `nil`: the registry's active model.
    public var rankingModelVersion: String?
    public var featureCacheCapacity: Int
    /// Days; 0: a pass is for good.
    public var passReturnDays: Int
    /// 0: nobody is shown too often.
    public var fatigueImpressions: Int
    public var fatigueDays: Int
    /// 0: nobody becomes idle.
    public var idleDays: Int
    public var likesYouPerList: Int
    /// 0: none.
    public var exposureDailyCap: Int
    /// 0…1.
    public var newcomerFloor: Double
    /// 0: no limit.
    public var likesPerDay: Int
    public var logLevel: Logger.Level
    public var logFormat: LogFormat
    /// `nil`: nothing is recorded.
    public var tracesEndpoint: TraceEndpoint?
    /// 0…1.
    public var tracesSample: Double
    public var tracesSlow: Duration
    public var meshDirectory: String?
    /// `nil`: that of the build.
    public var meshVersion: String?
    /// Share of the calls against other replicas; 1 is usual.
    public var meshWeight: Double
    /// Share of the calls of which this process gets a copy.
    public var meshShadowShare: Double
    public var healthSocket: String?
    public var healthPort: Int?
    public var replica: String?
    /// Sockets handed over by the parent, the first of them descriptor 3.
    public var listenDescriptors: Int
    public var shutdownTimeout: Duration
    public var supervisorSocket: String?
    public var supervisorProcessID: Int32?

    /// Whether lists depend on how often people are shown.
    public var sharesExposure: Bool { self.exposureDailyCap > 0 || self.newcomerFloor > 0 }

    /// Reads an environment.
    ///
    /// - Parameter required: Variables without which the process can't start.
    /// - Throws: ``SettingsError`` with a sentence for each variable that is wrong or missing.
    public init(environment: [String: String], requiring required: [SettingName] = []) throws(SettingsError) {
        var given: [SettingName: String] = [:]
        for name in SettingName.allCases { given[name] = environment[name.rawValue] }
        try self.init(given: given, requiring: required)
    }

    /// Reads an environment and, above it, flags: `--port 8000` or `--port=8000` for `PORT`.
    ///
    /// - Parameter arguments: Without the program's name.
    /// - Throws: ``SettingsError``; also for an unknown flag, and for a secret on the command line.
    public init(
        arguments: [String], environment: [String: String], requiring required: [SettingName] = []
    ) throws(SettingsError) {
        var given: [SettingName: String] = [:]
        for name in SettingName.allCases { given[name] = environment[name.rawValue] }
        let flags = try Self.flags(in: arguments)
        given.merge(flags) { $1 }
        try self.init(given: given, requiring: required)
    }

    private init(given: [SettingName: String], requiring required: [SettingName]) throws(SettingsError) {
        var reader = SettingsReader(given)
        self.applicationName = reader.text(.appName) ?? ""
        self.isDebug = reader.flag(.debug)
        self.environment = reader.choice(.environment) ?? ""
        self.host = reader.text(.host) ?? ""
        self.port = reader.integer(.port) ?? 0
        self.workers = reader.integer(.workers) ?? 1
        self.requestBudget = .milliseconds(reader.integer(.requestBudget) ?? 0)
        self.jwtKeyFile = reader.text(.jwtKeyFile)
        self.jwtKeySetFile = reader.text(.jwtKeySetFile)
        self.jwtAudience = reader.text(.jwtAudience) ?? ""
        self.rateLimitUserRate = reader.integer(.rateLimitUserRate) ?? 0
        self.rateLimitUserBurst = reader.integer(.rateLimitUserBurst) ?? 1
        self.rateLimitAddressRate = reader.integer(.rateLimitAddressRate) ?? 0
        self.rateLimitAddressBurst = reader.integer(.rateLimitAddressBurst) ?? 1
        self.trustedProxies = (reader.text(.trustedProxies) ?? "").split(separator: ",").map { $0.filter { $0 != " " } }
        self.maximumConnections = reader.integer(.maximumConnections) ?? 1
        self.eventStreams = reader.integer(.eventStreams) ?? 0
        self.profileCacheCapacity = reader.integer(.profileCacheCapacity) ?? 0
        self.databaseURL = reader.url(.databaseURL)
        self.databasePoolSize = reader.integer(.databasePoolSize) ?? 1
        self.databaseMaxOverflow = reader.integer(.databaseMaxOverflow) ?? 0
        self.redisURL = reader.url(.redisURL)
        self.embeddingDimension = reader.integer(.embeddingDimension)
        self.candidateTopK = reader.integer(.candidateTopK) ?? 0
        self.rankingModelVersion = reader.text(.rankingModelVersion)
        self.featureCacheCapacity = reader.integer(.featureCacheCapacity) ?? 0
        self.passReturnDays = reader.integer(.passReturnDays) ?? 0
        self.fatigueImpressions = reader.integer(.fatigueImpressions) ?? 0
        self.fatigueDays = reader.integer(.fatigueDays) ?? 1
        self.idleDays = reader.integer(.idleDays) ?? 0
        self.likesYouPerList = reader.integer(.likesYouPerList) ?? 0
        self.exposureDailyCap = reader.integer(.exposureDailyCap) ?? 0
        self.newcomerFloor = Double(reader.integer(.newcomerFloor) ?? 0) / 100
        self.likesPerDay = reader.integer(.likesPerDay) ?? 0
        let level = reader.choice(.logLevel).flatMap { Logger.Level(standardName: $0) } ?? .info
        self.logLevel = self.isDebug && !reader.isGiven(.logLevel) ? .debug : level
        self.logFormat = reader.choice(.logFormat).flatMap { LogFormat(rawValue: $0) } ?? .json
        self.tracesEndpoint = reader.receiver(.tracesEndpoint)
        self.tracesSample = reader.number(.tracesSample) ?? 0
        self.tracesSlow = .milliseconds(reader.integer(.tracesSlow) ?? 0)
        self.meshDirectory = reader.text(.meshDirectory)
        self.meshVersion = reader.text(.meshVersion)
        self.meshWeight = Double(reader.integer(.meshWeight) ?? 100) / 100
        self.meshShadowShare = Double(reader.integer(.meshShadow) ?? 0) / 100
        self.healthSocket = reader.text(.healthSocket)
        self.healthPort = reader.integer(.healthPort)
        self.replica = reader.text(.replica)
        self.listenDescriptors = reader.integer(.listenDescriptors) ?? 0
        self.shutdownTimeout = .milliseconds(reader.integer(.shutdownTimeout) ?? 0)
        self.supervisorSocket = reader.text(.supervisorSocket)
        self.supervisorProcessID = reader.integer(.supervisorProcessID).map { Int32($0) }
        for name in required { reader.require(name) }
        // What stood in for a wrong value above is never seen: there is no Settings with a problem.
        guard reader.problems.isEmpty else { throw SettingsError(problems: reader.problems) }
    }

    /// A text value without which the caller can't go on.
    ///
    /// - Throws: ``SettingsError`` with the sentence that the start would have ended with.
    public func required(_ name: SettingName) throws(SettingsError) -> String {
        let value: String? =
            switch name {
            case .databaseURL: self.databaseURL
            case .redisURL: self.redisURL
            case .meshDirectory: self.meshDirectory
            case .jwtKeyFile: self.jwtKeyFile
            case .healthSocket: self.healthSocket
            case .replica: self.replica
            case .rankingModelVersion: self.rankingModelVersion
            default: name.description.defaultValue
            }
        guard let value else { throw SettingsError(problems: ["\(name.rawValue) is not set: \(name.description.summary)"]) }
        return value
    }
}
