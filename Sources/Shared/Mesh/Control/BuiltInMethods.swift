/// The methods that every server answers by itself: health, reflection and state.
struct BuiltInMethods {
    let service: String
    let version: String
    let load: ServerLoad
    let configuration: MeshServerConfiguration
    let health: @Sendable () -> HealthReport

    func added(to methods: [MeshMethod]) -> [MeshMethod] {
        let (service, version, load, health, clients) = (
            self.service, self.version, self.load, self.health, self.configuration.clients
        )
        let check = MeshMethod(
            HealthMethod.descriptor, .init(request: "duet.health.v1.CheckRequest", response: "duet.health.v1.CheckResponse")
        ) { _ in
            var report = health()
            if load.isDraining { report.status = .draining }
            return HealthMethod.response(report, service: service, version: version, inFlight: load.inFlight)
        }
        let state = MeshMethod(
            StateMethod.descriptor, .init(request: "duet.state.v1.GetStateRequest", response: "duet.state.v1.GetStateResponse")
        ) { _ in
            StateMethod.response(
                service: service, version: version, isDraining: load.isDraining, load.description, clients: clients())
        }
        return ReflectionMethods.added(to: methods + [check, state])
    }
}
