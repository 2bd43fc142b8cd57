internal import CNng

/// Mutual TLS for `tls+tcp://` connections: each side shows a certificate, and accepts only those of its authority.
///
/// The files are PEM, and are read when a connection is set up for the first time: a renewed certificate needs a new start.
public struct TransportSecurity: Sendable, Hashable {
    /// This process's certificate chain and its private key, one after the other.
    public var certificateFile: String
    /// Certificates of the authority that signed both sides'.
    public var authorityFile: String
    /// The name that the server's certificate must bear; `nil`: the host of the address dialled.
    public var serverName: String?

    public init(certificateFile: String, authorityFile: String, serverName: String? = nil) {
        self.certificateFile = certificateFile
        self.authorityFile = authorityFile
        self.serverName = serverName
    }

    enum Side: Equatable {
        case client(host: String)
        case server
    }

    /// Lends what nng wants for a dialer or listener.
    ///
    /// - Throws: ``MeshError`` with `failedPrecondition` for files that can't be read or used.
    func withConfiguration(_ side: Side, _ body: (OpaquePointer) -> Int32) throws(MeshError) {
        var allocated: OpaquePointer?
        let mode = side == .server ? NNG_TLS_MODE_SERVER : NNG_TLS_MODE_CLIENT
        guard unsafe nng_tls_config_alloc(&allocated, mode) == 0, let configuration = unsafe allocated else {
            throw MeshError(.failedPrecondition, "nng was built without TLS")
        }
        // nng holds it for as long as it needs it.
        defer { unsafe nng_tls_config_free(configuration) }
        func check(_ status: Int32, _ what: String) throws(MeshError) {
            guard status != 0 else { return }
            throw MeshError(.failedPrecondition, unsafe "\(what): \(String(cString: nng_strerror(status)))")
        }
        try check(unsafe nng_tls_config_version(configuration, NNG_TLS_1_2, NNG_TLS_1_3), "TLS 1.2 isn't there")
        try check(unsafe nng_tls_config_auth_mode(configuration, NNG_TLS_AUTH_MODE_REQUIRED), "TLS can't be made mutual")
        try check(unsafe nng_tls_config_ca_file(configuration, self.authorityFile), "can't use the authority \(self.authorityFile)")
        try check(
            unsafe nng_tls_config_cert_key_file(configuration, self.certificateFile, nil),
            "can't use the certificate and key in \(self.certificateFile)")
        if case .client(let host) = side {
            try check(unsafe nng_tls_config_server_name(configuration, self.serverName ?? host), "can't ask for the server's name")
        }
        try check(unsafe body(configuration), "can't set up TLS")
    }
}
