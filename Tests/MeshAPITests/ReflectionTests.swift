import Foundation
import Logging
import Mesh
import MeshAPI
import Testing

@Suite("Reflection", .timeLimit(.minutes(1)))
struct ReflectionTests {
    private struct Handler: RankingServiceHandler {
        func rank(_ request: RankRequest, context: CallContext) async throws -> RankResponse {
            RankResponse(userIDs: request.candidateIDs, scores: [0.5], modelVersion: request.context?.device ?? "none")
        }

        func listModels(_ request: ListModelsRequest, context: CallContext) async throws -> ListModelsResponse {
            ListModelsResponse(models: [Model(version: "a", active: true, createdAt: -1), Model()])
        }
    }

    private static let logger = Logger(label: "mesh-api-tests") { _ in SwiftLogNoOpLogHandler() }

    private func withClient<R>(_ body: (MeshClient) async throws -> R) async throws -> R {
        let address = "inproc://mesh-reflection-\(UInt64.random(in: .min ... .max))"
        let discovery = Discovery(static: [Endpoint(service: "ranking", address: address)])
        let client = MeshClient(service: "ranking", discovery: discovery, logger: Self.logger)
        let server = MeshServer(
            service: "ranking", version: "1", address: address, methods: RankingService.methods(Handler()),
            configuration: .init(clients: { [client] }), logger: Self.logger)
        try await server.start()
        do {
            let result = try await body(client)
            await client.shutdown()
            await server.drain()
            return result
        } catch {
            await client.shutdown()
            await server.drain()
            throw error
        }
    }

    private func schema(_ method: String, _ client: MeshClient) async throws -> DynamicSchema {
        let request = DescribeRequest(method: method)
        return DynamicSchema(try await ReflectionServiceClient(client).describe(request, deadline: .after(.seconds(20))))
    }

    private func json(_ text: String) throws -> DynamicValue {
        try JSONDecoder().decode(DynamicValue.self, from: Data(text.utf8))
    }

    private func call(_ method: String, _ request: String) async throws -> String {
        try await self.withClient { client in
            let schema = try await self.schema(method, client)
            let bytes = try schema.encodeRequest(try self.json(request))
            let name = method.split(separator: "/").map(String.init)
            let reply: PackedMessage = try await client.call(
                MethodDescriptor(service: name[0], name: name[1]), PackedMessage(bytes: bytes), deadline: .after(.seconds(20)))
            return try schema.decodeResponse(reply.bytes).json
        }
    }

    @Test("A server lists its services, the built-in ones too, with what the .proto says of each method")
    func list() async throws {
        try await self.withClient { client in
            let services = try await ReflectionServiceClient(client).listServices(.init(), deadline: .after(.seconds(20))).services
            #expect(
                services.map(\.name) == [
                    "duet.ranking.v1.RankingService", "duet.health.v1.HealthService", "duet.state.v1.StateService",
                    "duet.reflection.v1.ReflectionService",
                ])
            let rank = try #require(services.first?.methods.first)
            #expect(rank.name == "Rank" && rank.request == "duet.ranking.v1.RankRequest" && rank.response == "duet.ranking.v1.RankResponse")
            #expect(rank.idempotent && rank.hedge && !rank.heavy && rank.timeoutMs == 250)
            #expect(rank.documentation.contains("Scores candidates"))
        }
    }

    @Test("A method is called by its description alone, from JSON to JSON")
    func dynamicCall() async throws {
        let answer = try await self.call(
            "duet.ranking.v1.RankingService/Rank",
            #"{"user_id": 1, "candidateIds": [18446744073709551615, "7"], "context": {"device": "mo\"bile"}}"#)
        #expect(
            answer == """
                {
                  "user_ids": [18446744073709551615, 7],
                  "scores": [0.5],
                  "model_version": "mo\\"bile"
                }
                """)
        let models = try await self.call("duet.ranking.v1.RankingService/ListModels", "{}")
        #expect(
            models == """
                {
                  "models": [
                    {
                      "version": "a",
                      "active": true,
                      "created_at": -1
                    },
                    {}
                  ]
                }
                """)
    }

    @Test("Built-in methods can be called the same way, enumerations by name")
    func builtIn() async throws {
        let health = try await self.call("duet.health.v1.HealthService/Check", "{}")
        #expect(health.contains("\"status\": \"SERVING\"") && health.contains("\"service\": \"ranking\""))
        let description = try await self.call(
            "duet.reflection.v1.ReflectionService/Describe", #"{"method": "duet.ranking.v1.RankingService/Rank"}"#)
        #expect(description.contains("\"candidate_scores\"") && description.contains("\"type_name\": \"duet.ranking.v1.RequestContext\""))
    }

    @Test("The state tells of the server and of what its process's clients know")
    func state() async throws {
        try await self.withClient { client in
            _ = try await RankingServiceClient(client).listModels(.init(), deadline: .after(.seconds(20)))
            let state = try await StateServiceClient(client).get(.init(), deadline: .after(.seconds(20)))
            let server = try #require(state.server)
            #expect(server.service == "ranking" && server.version == "1" && server.inFlight == 1 && server.limit == 64)
            #expect(server.admitted == 2 && !server.draining)
            let seen = try #require(state.clients.first)
            #expect(seen.service == "ranking" && seen.retryBudget > 0)
            #expect(seen.replicas.map(\.ready) == [true] && seen.replicas.map(\.inFlight) == [1] && seen.replicas.map(\.weight) == [1])
            #expect(seen.methods.map(\.method).first == RankingService.listModels.fullName)
            #expect(seen.methods.first?.calls == 1 && seen.methods.first?.breaker == .closed)
        }
    }

    @Test("A method that isn't there is NOT_FOUND")
    func unknownMethod() async throws {
        try await self.withClient { client in
            let error = await #expect(throws: MeshError.self) { try await self.schema("duet.none.v1.None/None", client) }
            #expect(error?.code == .notFound)
        }
    }

    @Test(
        "What is wrong with a request is said",
        arguments: [
            (#"{"user": 1}"#, "user_id, candidate_ids"), (#"[1]"#, "must be an object"), (#"{"user_id": -1}"#, "user_id must be a whole"),
            (#"{"user_id": 1.5}"#, "user_id must be a whole"), (#"{"limit": 4294967296}"#, "from 0 to 4294967295"),
            (#"{"candidate_ids": 3}"#, "candidate_ids must be a list"), (#"{"candidate_ids": [1, "x"]}"#, "candidate_ids[1] must be"),
            (#"{"candidate_scores": [true]}"#, "candidate_scores[0] must be a number"), (#"{"explain": 1}"#, "true or false"),
            (#"{"model_version": 1}"#, "model_version must be text"), (#"{"context": {"device": 1}}"#, "context.device must be text"),
            (#"{"context": 1}"#, "context must be an object"), (#"{"context": {"x": 1}}"#, "no field context.x"),
        ])
    func complaints(request: String, complaint: String) throws {
        let schema = DynamicSchema(Self.description(RankRequest.self))
        let error = #expect(throws: MeshError.self) { try schema.encodeRequest(try self.json(request)) }
        #expect(error?.code == .invalidArgument)
        #expect(error?.message.contains(complaint) == true, "\(error?.message ?? "")")
    }

    private static func description(_ message: (some MeshMessage).Type, _ enumerations: [EnumerationDescription] = []) -> DescribeResponse {
        var messages: [MessageDescription] = []
        var rest = [message.descriptor].compactMap(\.self)
        while let next = rest.popLast() {
            messages.append(MessageDescription(next))
            rest += next.messages()
        }
        return DescribeResponse(
            method: MethodDescription(request: message.fullName, response: message.fullName), messages: messages, enumerations: enumerations)
    }

    @Test("The template of a request is a request")
    func template() throws {
        let schema = DynamicSchema(Self.description(RankRequest.self))
        let template = try schema.template()
        #expect(template.json.contains("\"requested_at\": 0"))
        #expect(try RankRequest(bytes: schema.encodeRequest(template)) == RankRequest(context: RequestContext(), viewer: ViewerFeatures()))
    }

    @Test("What generated code writes the description reads, and the other way round")
    func sameWireForm() throws {
        let schema = DynamicSchema(Self.description(RankRequest.self))
        let bytes = try MessageTests.rank.packed()
        let value = try schema.decodeResponse(bytes)
        #expect(try RankRequest(bytes: try schema.encodeRequest(value)) == MessageTests.rank)
        let sources = DynamicSchema(Self.description(GenerateResponse.self, [EnumerationDescription(Source.descriptor)]))
        let generated = try sources.decodeResponse(try MessageTests.generate.packed())
        #expect(generated.json.contains("\"source\": \"NEARBY\""))
        #expect(try GenerateResponse(bytes: try sources.encodeRequest(generated)) == MessageTests.generate)
    }

    @Test("Every kind of field survives the round trip through JSON")
    func kinds() throws {
        let kinds = FieldDescriptor.Kind.allCases.filter { $0 != .message && $0 != .enumeration }
        let fields = kinds.flatMap { kind in
            let number = UInt32(kind.rawValue)
            return [
                FieldDescription(name: "\(kind)_one", number: number, type: number),
                FieldDescription(name: "\(kind)_many", number: number + 100, type: number, repeated: true),
            ]
        }
        let schema = DynamicSchema(
            DescribeResponse(
                method: MethodDescription(request: "t.All", response: "t.All"), messages: [MessageDescription(name: "t.All", fields: fields)]))
        let members = kinds.flatMap { kind in
            let value: DynamicValue =
                switch kind {
                case .bool: .bool(true)
                case .string: .string("naïve\n")
                case .bytes: .string("AAH/")
                case .double, .float: .number(-0.1)
                case .uint32, .fixed32: .integer(4_294_967_295)
                case .uint64, .fixed64: .unsigned(.max)
                case .int32, .sint32, .sfixed32: .integer(-2_147_483_648)
                default: .integer(.min)
                }
            return [DynamicValue.Member("\(kind)_one", value), .init("\(kind)_many", .array([value, value]))]
        }
        let value = DynamicValue.object(members)
        let again = try schema.decodeResponse(try schema.encodeRequest(value))
        #expect(again == value)
        #expect(try self.json(again.json) == self.json(value.json))
    }

    @Test("Bytes that aren't the message are refused", arguments: [[0x08], [0x0A, 5, 1], [0x0B], [0x00], [0x12, 1, 0xFF, 0x12, 0xFF]])
    func garbage(bytes: [UInt8]) throws {
        let schema = DynamicSchema(Self.description(RankRequest.self))
        #expect(throws: MeshError.self) { try schema.decodeResponse(bytes) }
    }

    @Test("A recursive description doesn't nest without end")
    func recursion() throws {
        let field = FieldDescription(name: "inner", number: 1, type: 11, typeName: "t.Nest")
        let schema = DynamicSchema(
            DescribeResponse(
                method: MethodDescription(request: "t.Nest", response: "t.Nest"), messages: [MessageDescription(name: "t.Nest", fields: [field])]))
        var bytes: [UInt8] = []
        for _ in 0..<60 { bytes = [0x0A, UInt8(bytes.count)] + bytes }
        #expect(throws: Never.self) { try schema.decodeResponse(bytes) }
        var deep: [UInt8] = []
        for _ in 0..<100 {
            var writer = WireWriter()
            writer.bytes(deep, field: 1)
            deep = writer.bytes
        }
        #expect(throws: MeshError.self) { try schema.decodeResponse(deep) }
    }
}
