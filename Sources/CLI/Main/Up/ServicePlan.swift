import Foundation
import Glibc
import ServiceRuntime
import Supervision

/// Which services an installation has, and how each of their processes is started.
struct ServicePlan: Sendable {
    let folder: DataFolder
    let settings: Settings
    /// Of `duet up` itself; handed on.
    let environment: [String: String]
    let database: String
    let redis: String?
    let socket: ListenSocket
    /// Folder of the executables: that of this one.
    let programs: String

    init(
        folder: DataFolder, settings: Settings, environment: [String: String], database: String, redis: String?, socket: ListenSocket
    ) throws {
        self.folder = folder
        self.settings = settings
        self.environment = environment
        self.database = database
        self.redis = redis
        self.socket = socket
        let own = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        self.programs = own.split(separator: "/").dropLast().reduce(into: "") { $0 += "/" + $1 }
        for program in ["FeatureSvc", "CandidateSvc", "RankingSvc", "Gateway"] where !FileSystem.exists("\(self.programs)/\(program)") {
            throw Failure("\(self.programs)/\(program) is missing: build everything with make build.")
        }
    }

    /// Behind the gateway. They start together, and stop in reverse order: each needs those before it.
    var services: [ServiceSpec] {
        [
            self.service("feature", "FeatureSvc", replicas: 2), self.service("candidate", "CandidateSvc", replicas: 2),
            self.service("ranking", "RankingSvc", replicas: 2),
        ]
    }

    var gateway: ServiceSpec { self.service("gateway", "Gateway", replicas: self.settings.workers) }

    private func service(_ name: String, _ program: String, replicas: Int) -> ServiceSpec {
        ServiceSpec(name: name, replicas: replicas) { number in
            let process = "\(name)-\(number)"
            let health = self.folder.healthSocket(process)
            return ProcessSpec(
                name: process, executable: "\(self.programs)/\(program)",
                environment: self.environment(of: process, isGateway: name == "gateway"),
                inheritedDescriptors: name == "gateway" ? [self.socket.descriptor] : [], logFile: self.folder.log(process),
                readiness: .http(socket: health, path: "/health/ready"), startTimeout: .seconds(1800), startAttempts: 3,
                stopTimeout: self.settings.shutdownTimeout + .seconds(2))
        }
    }

    private func environment(of process: String, isGateway: Bool) -> [String: String] {
        var result = self.environment
        // What names one process must not be handed on to several.
        for name in [SettingName.healthPort, .listenDescriptors] { result[name.rawValue] = nil }
        result["LISTEN_PID"] = nil
        result[SettingName.databaseURL.rawValue] = self.database
        result[SettingName.redisURL.rawValue] = self.redis
        result[SettingName.meshDirectory.rawValue] = self.folder.mesh
        result[SettingName.healthSocket.rawValue] = self.folder.healthSocket(process)
        result[SettingName.replica.rawValue] = process
        result[SettingName.jwtKeyFile.rawValue] = self.folder.jwtKey
        result[SettingName.supervisorProcessID.rawValue] = String(getpid())
        if isGateway {
            result[SettingName.supervisorSocket.rawValue] = self.folder.control
            result[SettingName.listenDescriptors.rawValue] = "1"
            result[SettingName.host.rawValue] = self.settings.host
            result[SettingName.port.rawValue] = String(self.socket.port)
        }
        return result
    }
}
