import Foundation
import Glibc
import Synchronization

/// Listens on a supervisor's control socket, which only its user can reach.
public final class ControlServer: Sendable {
    public typealias Handler = @Sendable (ControlRequest) async -> ControlReply

    private let path: String
    private let listener: Int32
    private let handler: Handler
    private let isClosed = Mutex(false)
    private let answering = DispatchGroup()

    /// Binds and answers from then on, each connection on a thread of its own.
    ///
    /// - Throws: ``SupervisionError`` if the socket can't be made.
    public init(path: String, handler: @escaping Handler) throws(SupervisionError) {
        let socket = try StreamSocket.listening(at: path)
        // The accepting thread owns a copy, so that closing this one can't pull a number from under it.
        let copy = fcntl(socket.descriptor, F_DUPFD_CLOEXEC, 3)
        guard copy >= 0 else { throw .system("A descriptor can't be copied") }
        self.path = path
        self.listener = copy
        self.handler = handler
        let accepting = Thread { self.accept() }
        accepting.name = "duet.control"
        accepting.start()
    }

    /// Takes no more requests. Those that are being answered still are.
    public func close() {
        let isFirst = self.isClosed.withLock { isClosed in
            defer { isClosed = true }
            return !isClosed
        }
        guard isFirst else { return }
        FileSystem.remove(self.path)
        shutdown(self.listener, Int32(SHUT_RDWR))
    }

    /// Waits until every request that was taken has its answer.
    public func finish() async {
        await withCheckedContinuation { continuation in
            self.answering.notify(queue: .global()) { continuation.resume() }
        }
    }

    private func accept() {
        let socket = StreamSocket(owning: self.listener)
        while let connection = socket.accept() {
            let descriptor = fcntl(connection.descriptor, F_DUPFD_CLOEXEC, 3)
            guard descriptor >= 0 else { continue }
            self.answering.enter()
            Thread.detachNewThread {
                self.answer(StreamSocket(owning: descriptor))
                self.answering.leave()
            }
        }
    }

    private func answer(_ connection: consuming StreamSocket) {
        guard let line = connection.readLine() else { return }
        let reply: ControlReply
        if let request = try? JSONDecoder().decode(ControlRequest.self, from: Data(line)) {
            reply = self.reply(to: request)
        } else {
            reply = ControlReply(failure: "The request can't be understood.")
        }
        guard let data = try? JSONEncoder().encode(reply) else { return }
        _ = connection.write(Array(data) + [UInt8(ascii: "\n")])
    }

    private func reply(to request: ControlRequest) -> ControlReply {
        let done = DispatchSemaphore(value: 0)
        let box = ReplyBox()
        let handler = self.handler
        // Awaited by the semaphore: this thread belongs to the one connection and may block.
        Task {
            let reply = await handler(request)
            box.reply.withLock { $0 = reply }
            done.signal()
        }
        done.wait()
        return box.reply.withLock { $0 } ?? ControlReply(failure: "There is no answer.")
    }

    private final class ReplyBox: Sendable {
        let reply = Mutex<ControlReply?>(nil)
    }
}
