import Logging
import Mesh
import MeshAPI
import Testing

/// Two versions of one message, generated from two definitions: processes of both run side by side while one replaces the other.
@Suite("Messages of two versions", .timeLimit(.minutes(1)))
struct EvolutionTests {
    static let before = EvolutionBefore(
        name: "Žofie", ids: [1, .max], nickname: "Žo", limit: 20, part: EvolutionPart(key: "k"))
    static let after = EvolutionAfter(
        name: "Žofie", ids: [1, .max], limit: 20, part: EvolutionPartAfter(key: "k", value: [0, 255]), weights: [0.5, -1], active: false,
        shift: -7, flags: 9, parts: [EvolutionPartAfter(key: "p"), EvolutionPartAfter()])

    @Test("A new process reads what an old one wrote: what is new has its default, what is gone is skipped")
    func oldToNew() throws {
        let read = try EvolutionAfter(bytes: Self.before.packed())
        #expect(read == EvolutionAfter(name: "Žofie", ids: [1, .max], limit: 20, part: EvolutionPartAfter(key: "k")))
        #expect(read.active == nil)
    }

    @Test("An old process reads what a new one wrote: what it doesn't know is skipped, what is gone has its default")
    func newToOld() throws {
        let read = try EvolutionBefore(bytes: Self.after.packed())
        #expect(read == EvolutionBefore(name: "Žofie", ids: [1, .max], limit: 20, part: EvolutionPart(key: "k")))
    }

    @Test("Bytes cut at any place are read as far as they go or refused, in both directions")
    func truncated() throws {
        let (old, new) = (try Self.before.packed(), try Self.after.packed())
        for (bytes, other) in [(old, new), (new, old)] {
            for count in 0...bytes.count {
                let part = Array(bytes.prefix(count))
                let results = [
                    Result { () throws in _ = try EvolutionBefore(bytes: part) }, Result { () throws in _ = try EvolutionAfter(bytes: part) },
                ]
                for case .failure(let error) in results { #expect((error as? MeshError)?.code == .invalidArgument) }
                // One message after the other is their union, as the wire format has it.
                if count == bytes.count { #expect(try EvolutionAfter(bytes: bytes + other).name == "Žofie") }
            }
        }
    }

    @Test("Callers and servers of both versions understand each other over the mesh")
    func calls() async throws {
        let method = MethodDescriptor(service: "duet.testing.v1.Evolution", name: "Exchange", isIdempotent: true, timeout: .seconds(20))
        let logger = Logger(label: "evolution") { _ in SwiftLogNoOpLogHandler() }
        func start(_ name: String, _ method: MeshMethod) async throws -> (MeshServer, MeshClient) {
            let address = "inproc://evolution-\(name)-\(UInt32.random(in: .min ... .max))"
            let server = MeshServer(service: name, version: name, address: address, methods: [method], logger: logger)
            try await server.start()
            let endpoints = [Endpoint(service: name, address: address)]
            return (server, MeshClient(service: name, discovery: Discovery(static: endpoints), logger: logger))
        }
        let (oldServer, toOld) = try await start("old", MeshMethod(method) { (request: EvolutionBefore, _) in request })
        let (newServer, toNew) = try await start("new", MeshMethod(method) { (request: EvolutionAfter, _) in request })
        let fromOld: EvolutionAfter = try await toOld.call(method, Self.after)
        #expect(fromOld == EvolutionAfter(name: "Žofie", ids: [1, .max], limit: 20, part: EvolutionPartAfter(key: "k")))
        let fromNew: EvolutionBefore = try await toNew.call(method, Self.before)
        #expect(fromNew == EvolutionBefore(name: "Žofie", ids: [1, .max], limit: 20, part: EvolutionPart(key: "k")))
        for client in [toOld, toNew] { await client.shutdown() }
        for server in [oldServer, newServer] { await server.drain() }
    }
}
