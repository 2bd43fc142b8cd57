import ServiceRuntime

enum Version {
    static let current = ServiceBootstrap.version
}
