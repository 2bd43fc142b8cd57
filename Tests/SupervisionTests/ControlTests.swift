import Foundation
import Supervision
import Testing

@Suite struct ControlTests {
    @Test("Requests reach the handler and answers come back; the socket is its owner's alone")
    func exchange() async throws {
        let folder = try ScratchFolder()
        let path = folder.path + "/c.sock"
        let server = try ControlServer(path: path) { request in
            guard request.command == .scale, let service = request.service, let replicas = request.replicas else {
                return ControlReply(failure: "Only scale.")
            }
            return ControlReply(places: [service: "\(replicas)"])
        }
        let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
        #expect(mode == 0o600)
        let reply = try await ControlClient.send(ControlRequest(.scale, service: "ranking", replicas: 4), to: path)
        #expect(reply.places == ["ranking": "4"])
        let error = await #expect(throws: SupervisionError.self) { try await ControlClient.send(ControlRequest(.status), to: path) }
        #expect(error == SupervisionError(.refused, "Only scale."))
        server.close()
        let gone = await #expect(throws: SupervisionError.self) { try await ControlClient.send(ControlRequest(.status), to: path) }
        #expect(gone?.code == .notRunning)
    }
}

@Suite struct HTTPProbeTests {
    @Test("Bodies are read by length, to the end, or by chunks")
    func parse() throws {
        let plain = try #require(HTTPProbe.parse(Array("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-A: b\r\n\r\nhi".utf8)))
        #expect(plain.status == 200)
        #expect(plain.headers["x-a"] == "b")
        #expect(plain.text == "hi")
        let chunked = "HTTP/1.1 503 No\r\nTransfer-Encoding: chunked\r\n\r\n3;x=1\r\nabc\r\nA\r\n0123456789\r\n0\r\n\r\n"
        #expect(HTTPProbe.parse(Array(chunked.utf8))?.text == "abc0123456789")
        #expect(HTTPProbe.parse(Array(chunked.utf8))?.status == 503)
    }

    @Test(
        "What is cut short or no HTTP is refused",
        arguments: [
            "", "hello", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhi",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
        ])
    func refused(text: String) {
        #expect(HTTPProbe.parse(Array(text.utf8)) == nil)
    }

    @Test("Nobody at the address is an error with a sentence")
    func nobody() async {
        let error = await #expect(throws: SupervisionError.self) { try await HTTPProbe.get(.unix(path: "/nonexistent/s"), "/") }
        #expect(error?.message == "/nonexistent/s does not answer: No such file or directory.")
    }
}
