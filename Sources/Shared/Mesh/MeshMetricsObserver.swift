/// Is told of every call that ends, to count and time it. Called on the mesh's own threads: must not block.
public protocol MeshMetricsObserver: Sendable {
    /// - Parameters:
    ///   - service: Name in the directory.
    ///   - replica: The one asked last; `nil` when none could be asked.
    ///   - code: `nil` for success.
    ///   - attempts: 1 without a retry, 0 when none could be asked.
    func clientCallEnded(
        _ method: MethodDescriptor, service: String, replica: String?, code: MeshError.Code?, duration: Duration, attempts: Int)

    /// - Parameters:
    ///   - method: `nil` for a method that the server doesn't know.
    ///   - code: `nil` for success.
    func serverCallEnded(_ method: MethodDescriptor?, code: MeshError.Code?, duration: Duration)
}

extension MeshMetricsObserver {
    public func clientCallEnded(
        _ method: MethodDescriptor, service: String, replica: String?, code: MeshError.Code?, duration: Duration, attempts: Int
    ) {}

    public func serverCallEnded(_ method: MethodDescriptor?, code: MeshError.Code?, duration: Duration) {}
}
