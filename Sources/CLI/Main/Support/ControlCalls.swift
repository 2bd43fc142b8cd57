import Logging
import Mesh
import MeshAPI
import Supervision

/// Asks one thing of every process of an installation.
enum ControlCalls {
    /// One process's answer.
    struct Answer<Value: Sendable>: Sendable {
        var service: String
        var processID: Int32
        /// Why there is none.
        var value: Result<Value, MeshError>
    }

    /// - Parameter service: Of this service alone; `nil`: of all.
    /// - Throws: A sentence if nothing runs, or no process has that name.
    static func ask<Value: Sendable>(
        _ folder: DataFolder, service: String? = nil,
        _ question: @escaping @Sendable (ControlServiceClient, Deadline) async throws(MeshError) -> Value
    ) async throws -> [Answer<Value>] {
        guard FileSystem.exists(folder.mesh) else { throw Failure("Nothing runs in \(folder.root): start it with duet up.") }
        let discovery = try Discovery(directory: folder.mesh, logger: .quiet)
        defer { discovery.shutdown() }
        let endpoints = discovery.endpoints.filter { service == nil || $0.service == service }
        guard !endpoints.isEmpty else {
            let known = Set(discovery.endpoints.map(\.service)).sorted()
            throw Failure(
                known.isEmpty
                    ? "Nothing runs in \(folder.root): start it with duet up."
                    : "No process of \(service ?? "") runs; these do: \(known.joined(separator: ", ")).")
        }
        return await withTaskGroup(of: (Int, Answer<Value>).self) { group in
            for (index, endpoint) in endpoints.enumerated() {
                group.addTask {
                    let plain = Endpoint(service: endpoint.service, address: endpoint.address, name: endpoint.name)
                    let client = MeshClient(service: endpoint.service, discovery: Discovery(static: [plain]), logger: .quiet)
                    let result: Result<Value, MeshError>
                    do throws(MeshError) {
                        result = .success(try await question(ControlServiceClient(client), .after(.seconds(2))))
                    } catch {
                        result = .failure(error)
                    }
                    await client.shutdown()
                    return (index, Answer(service: endpoint.service, processID: endpoint.pid, value: result))
                }
            }
            let answers = await group.reduce(into: [(Int, Answer<Value>)]()) { $0.append($1) }
            return answers.sorted { $0.0 < $1.0 }.map(\.1)
        }
    }
}
