/// Every environment variable that a Duet process reads. ``Settings`` holds the values, ``SettingDescription`` says what each means.
public enum SettingName: String, CaseIterable, Sendable {
    // Application
    case appName = "APP_NAME"
    case debug = "DEBUG"
    case environment = "ENVIRONMENT"
    case host = "HOST"
    case port = "PORT"
    case workers = "WORKERS"
    case requestBudget = "REQUEST_BUDGET_MS"
    // Access
    case jwtKeyFile = "JWT_HS256_KEY_FILE"
    case jwtKeySetFile = "JWT_JWKS_FILE"
    case jwtAudience = "JWT_AUDIENCE"
    case rateLimitUserRate = "RATE_LIMIT_USER_PER_SECOND"
    case rateLimitUserBurst = "RATE_LIMIT_USER_BURST"
    case rateLimitAddressRate = "RATE_LIMIT_ADDRESS_PER_SECOND"
    case rateLimitAddressBurst = "RATE_LIMIT_ADDRESS_BURST"
    case trustedProxies = "TRUSTED_PROXIES"
    case maximumConnections = "MAX_CONNECTIONS"
    case eventStreams = "MAX_EVENT_STREAMS"
    case profileCacheCapacity = "PROFILE_CACHE_CAPACITY"
    // Stores
    case databaseURL = "DATABASE_URL"
    case databasePoolSize = "DATABASE_POOL_SIZE"
    case databaseMaxOverflow = "DATABASE_MAX_OVERFLOW"
    case redisURL = "REDIS_URL"
    // Learning
    case embeddingDimension = "EMBEDDING_DIMENSION"
    case candidateTopK = "CANDIDATE_GENERATION_TOP_K"
    case rankingModelVersion = "RANKING_MODEL_VERSION"
    case featureCacheCapacity = "FEATURE_CACHE_CAPACITY"
    // People
    case passReturnDays = "PASS_RETURN_DAYS"
    case fatigueImpressions = "FATIGUE_IMPRESSIONS"
    case fatigueDays = "FATIGUE_DAYS"
    case idleDays = "IDLE_DAYS"
    case likesYouPerList = "LIKES_YOU_PER_LIST"
    case exposureDailyCap = "EXPOSURE_DAILY_CAP"
    case newcomerFloor = "NEWCOMER_FLOOR_PERCENT"
    case likesPerDay = "LIKES_PER_DAY"
    // Logging
    case logLevel = "LOG_LEVEL"
    case logFormat = "LOG_FORMAT"
    // Traces
    case tracesEndpoint = "TRACES_ENDPOINT"
    case tracesSample = "TRACES_SAMPLE"
    case tracesSlow = "TRACES_SLOW_MS"
    // Process
    case meshDirectory = "MESH_DIR"
    case meshVersion = "MESH_VERSION"
    case meshWeight = "MESH_WEIGHT"
    case meshShadow = "MESH_SHADOW"
    case healthSocket = "HEALTH_SOCKET"
    case healthPort = "HEALTH_PORT"
    case replica = "REPLICA"
    case listenDescriptors = "LISTEN_FDS"
    case shutdownTimeout = "SHUTDOWN_TIMEOUT_MS"
    case supervisorProcessID = "DUET_SUPERVISOR_PID"
    case supervisorSocket = "DUET_SUPERVISOR_SOCKET"

    /// The command-line form: `PORT` is `--port`.
    public var flag: String {
        "--" + self.rawValue.lowercased().replacing("_", with: "-")
    }
}
