/// Whether a process can serve, and why not.
public struct HealthReport: Sendable, Hashable {
    public enum Status: UInt8, Sendable {
        case serving = 1
        case notServing = 2
        case draining = 3
    }

    /// Something that the process needs.
    public struct Dependency: Sendable, Hashable {
        public var name: String
        public var isHealthy: Bool
        /// A sentence when it isn't.
        public var detail: String

        public init(name: String, isHealthy: Bool, detail: String = "") {
            self.name = name
            self.isHealthy = isHealthy
            self.detail = detail
        }
    }

    public var status: Status
    public var dependencies: [Dependency]

    public init(status: Status = .serving, dependencies: [Dependency] = []) {
        self.status = status
        self.dependencies = dependencies
    }
}
