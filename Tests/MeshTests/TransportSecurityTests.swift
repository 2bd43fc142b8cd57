import Glibc
import Mesh
import Testing

/// Certificates that `openssl` makes for one run.
struct Certificates {
    let folder: String

    static let isAvailable: Bool = {
        let isThere = unsafe access("/usr/bin/openssl", X_OK) == 0
        if !isThere { print("skipped: TLS tests need /usr/bin/openssl") }
        return isThere
    }()

    /// An authority `ca.pem`, and a certificate with its key for each name.
    init(in folder: String, names: [String]) throws {
        self.folder = folder
        try Self.openssl([
            "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", "/CN=authority",
            "-keyout", "\(folder)/ca.key", "-out", "\(folder)/ca.pem",
        ])
        for name in names {
            try Self.openssl([
                "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", "/CN=\(name)",
                "-addext", "subjectAltName=DNS:\(name)", "-CA", "\(folder)/ca.pem", "-CAkey", "\(folder)/ca.key", "-keyout",
                "\(folder)/\(name).key", "-out", "\(folder)/\(name).crt",
            ])
            try Self.run("/bin/sh", ["-c", "cat \(folder)/\(name).crt \(folder)/\(name).key > \(folder)/\(name).pem"])
        }
    }

    func security(_ name: String, authority: String? = nil, serverName: String? = nil) -> TransportSecurity {
        TransportSecurity(
            certificateFile: "\(self.folder)/\(name).pem", authorityFile: authority ?? "\(self.folder)/ca.pem", serverName: serverName)
    }

    private static func openssl(_ arguments: [String]) throws { try self.run("/usr/bin/openssl", arguments) }

    private static func run(_ program: String, _ arguments: [String]) throws {
        let status = try Child(program, arguments, quiet: true).wait()
        try #require(status == 0, "\(program) \(arguments.joined(separator: " "))")
    }
}

@Suite("TLS", .timeLimit(.minutes(1)), .enabled(if: Certificates.isAvailable))
struct TransportSecurityTests {
    @Test("Who shows a certificate of the authority is served; who doesn't, and who claims another name, isn't")
    func mutual() async throws {
        try await withMeshDirectory { folder in
            try #require(unsafe mkdir(folder, 0o700) == 0)
            let certificates = try Certificates(in: folder, names: ["ranking.test", "gateway.test"])
            try #require(unsafe mkdir(folder + "/x", 0o700) == 0)
            let others = try Certificates(in: folder + "/x", names: ["gateway.test"])
            defer {
                for file in ["ca.pem", "ca.key", "gateway.test.pem", "gateway.test.crt", "gateway.test.key"] {
                    unsafe unlink("\(others.folder)/\(file)")
                }
                unsafe rmdir(others.folder)
            }
            let server = MeshServer(
                service: "test", version: "1", address: "tls+tcp://127.0.0.1:0", methods: [TestService.echoMethod],
                configuration: .init(security: certificates.security("ranking.test")), logger: quietLogger)
            try await server.start()
            #expect(server.address.hasPrefix("tls+tcp://127.0.0.1:") && !server.address.hasSuffix(":0"))
            let endpoint = Endpoint(service: "test", address: server.address)

            func answer(_ security: TransportSecurity, within budget: Duration) async throws -> String {
                let client = MeshClient(
                    service: "test", discovery: Discovery(static: [endpoint]), configuration: .init(security: security), logger: quietLogger)
                do {
                    let answer = try await client.echo("safe", deadline: .after(budget))
                    await client.shutdown()
                    return answer
                } catch {
                    await client.shutdown()
                    throw error
                }
            }
            let good = try await answer(certificates.security("gateway.test", serverName: "ranking.test"), within: .seconds(20))
            #expect(good == "safe")
            let wrong = [
                // Another authority signed the caller's certificate, or is trusted for the server's.
                others.security("gateway.test", authority: "\(folder)/ca.pem", serverName: "ranking.test"),
                certificates.security("gateway.test", authority: "\(others.folder)/ca.pem", serverName: "ranking.test"),
                certificates.security("gateway.test", serverName: "candidate.test"),
            ]
            for security in wrong {
                let error = await #expect(throws: MeshError.self) { try await answer(security, within: .milliseconds(400)) }
                #expect(error?.code == .unavailable || error?.code == .deadlineExceeded)
            }
            let again = try await answer(certificates.security("gateway.test", serverName: "ranking.test"), within: .seconds(20))
            #expect(again == "safe")
            await server.drain()
        }
    }

    @Test("An address with TLS but no certificates, or files that aren't any, stops the start with a sentence")
    func misconfigured() async throws {
        for security in [nil, TransportSecurity(certificateFile: "/dev/null", authorityFile: "/no/such/file")] {
            let server = MeshServer(
                service: "test", version: "1", address: "tls+tcp://127.0.0.1:0", methods: [TestService.echoMethod],
                configuration: .init(security: security), logger: quietLogger)
            let error = await #expect(throws: MeshError.self) { try await server.start() }
            #expect(error?.code == .failedPrecondition)
            #expect(error?.message.contains(security == nil ? "certificates" : "/no/such/file") == true)
        }
    }
}
