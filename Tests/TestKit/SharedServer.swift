/// Started by the first test that asks, used by all of them, gone with the process.
actor SharedServer<Server: Sendable> {
    private let make: @Sendable () async throws -> Server
    private var starting: Task<Server, any Error>?

    init(make: @escaping @Sendable () async throws -> Server) { self.make = make }

    func value() async throws -> Server {
        if let starting { return try await starting.value }
        // Awaited by everybody who asks; a cancelled test must not stop the server of the others.
        let starting = Task { [make] in try await make() }
        self.starting = starting
        return try await starting.value
    }
}
