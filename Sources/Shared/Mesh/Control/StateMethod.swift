internal import Glibc

/// `duet.state.v1.StateService/Get`: what this process has to do, and what its clients know of the replicas that they call.
enum StateMethod {
    static let descriptor = MethodDescriptor(
        service: "duet.state.v1.StateService", name: "Get", isIdempotent: true, timeout: .milliseconds(500),
        documentation: "The state of the moment.")

    /// `GetResponse`.
    static func response(
        service: String, version: String, isDraining: Bool, _ server: ServerState, clients: [MeshClient]
    ) -> PackedMessage {
        var writer = WireWriter()
        writer.message(field: 1) { inner in
            inner.text(service, field: 1)
            inner.text(version, field: 2)
            inner.number(getpid(), field: 3)
            inner.flag(isDraining, field: 4)
            inner.number(server.inFlight, field: 5)
            inner.number(server.heavy, field: 6)
            inner.number(server.queued, field: 7)
            inner.number(server.limit, field: 8)
            inner.number(server.admitted, field: 9)
            inner.number(server.refused, field: 10)
        }
        for client in clients {
            writer.message(field: 2) { inner in
                inner.text(client.service, field: 1)
                for replica in client.state { inner.message(field: 2) { self.write(replica, to: &$0) } }
                for method in client.methodStates { inner.message(field: 3) { self.write(method, to: &$0) } }
                inner.double(client.retryBudget, field: 4)
            }
        }
        return PackedMessage(bytes: writer.bytes)
    }

    private static func write(_ replica: ReplicaState, to writer: inout WireWriter) {
        writer.text(replica.name, field: 1)
        writer.text(replica.address, field: 2)
        writer.number(replica.pid, field: 3)
        writer.text(replica.version, field: 4)
        writer.double(replica.weight, field: 5)
        writer.double(replica.shadowShare, field: 6)
        writer.number(replica.inFlight, field: 7)
        writer.number(replica.reportedLoad, field: 8)
        writer.number(Int64(replica.latency / .microseconds(1)), field: 9)
        writer.flag(replica.isConnected, field: 10)
        writer.flag(replica.isReady, field: 11)
        writer.flag(replica.isEjected, field: 12)
    }

    private static func write(_ method: MethodCallState, to writer: inout WireWriter) {
        writer.text(method.method, field: 1)
        writer.number(method.calls, field: 2)
        writer.number(method.failures, field: 3)
        writer.number(method.breaker.rawValue, field: 4)
        if let delay = method.hedgeDelay { writer.number(Int64(delay / .microseconds(1)), field: 5) }
    }
}
