internal import Glibc

/// `duet.health.v1.HealthService/Check`, which every server answers by itself.
///
/// The messages are generated above this target, so the built-in methods read and write them by hand.
enum HealthMethod {
    static let descriptor = MethodDescriptor(
        service: "duet.health.v1.HealthService", name: "Check", isIdempotent: true, timeout: .milliseconds(500),
        documentation: "Says whether this process can serve, and why not.")

    /// `CheckResponse`.
    static func response(_ report: HealthReport, service: String, version: String, inFlight: Int) -> PackedMessage {
        var writer = WireWriter()
        writer.number(report.status.rawValue, field: 1)
        writer.text(service, field: 2)
        writer.text(version, field: 3)
        writer.number(getpid(), field: 4)
        writer.number(inFlight, field: 5)
        for dependency in report.dependencies {
            writer.message(field: 6) { inner in
                inner.text(dependency.name, field: 1)
                inner.flag(dependency.isHealthy, field: 2)
                inner.text(dependency.detail, field: 3)
            }
        }
        return PackedMessage(bytes: writer.bytes)
    }
}
