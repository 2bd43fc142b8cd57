internal import Domain
internal import HTTPTypes
internal import Hummingbird
internal import NIOCore

/// Events as `text/event-stream` has them.
enum EventText {
    /// How long a client waits before it comes back, and where it would go on.
    static func beginning(at position: LogPosition) -> ByteBuffer { ByteBuffer(string: "retry: 2000\nid: \(Self.id(position))\n\n") }

    /// Says that the server is there.
    static let heartbeat = ByteBuffer(string: ":\n\n")

    static func append(_ event: PairEvent, of person: UserID, to buffer: inout ByteBuffer) {
        let data = JSONWriter.bytes { writer in
            writer.object { writer in
                writer.key("type")
                writer.string(event.kind.rawValue)
                writer.key("user_id")
                writer.integer(person.rawValue)
                writer.key("other_user_id")
                writer.integer(event.other.rawValue)
                writer.key("timestamp")
                writer.timestamp(event.time)
            }
        }
        Self.append(event.kind.rawValue, id: Self.id(event.position), json: data, to: &buffer)
    }

    /// - Parameters:
    ///   - id: What the client comes back with; `nil`: it begins anew.
    ///   - json: As our writer makes it, without a raw line feed, so that it is one line of data.
    static func append(_ name: String, id: String? = nil, json: [UInt8], to buffer: inout ByteBuffer) {
        buffer.reserveCapacity(minimumWritableBytes: json.count + 64)
        buffer.writeString("event: \(name)\n")
        if let id { buffer.writeString("id: \(id)\n") }
        buffer.writeString("data: ")
        buffer.writeBytes(json)
        buffer.writeString("\n\n")
    }

    /// A position as clients keep it.
    static func id(_ position: LogPosition) -> String { "\(position.transaction)-\(position.id)" }

    /// - Returns: `nil` if it is none of ours.
    static func position(_ id: String) -> LogPosition? {
        let parts = id.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 2, parts.allSatisfy({ $0.utf8.allSatisfy { (0x30...0x39).contains($0) } }),
            let transaction = UInt64(parts[0]), let row = Int64(parts[1])
        else { return nil }
        return LogPosition(transaction: transaction, id: row)
    }
}

extension Response {
    /// A stream of server-sent events, which nothing on the way keeps or holds back.
    init(events body: ResponseBody) {
        self.init(status: .ok, headers: [.contentType: "text/event-stream", .cacheControl: "no-store", .accelBuffering: "no"], body: body)
    }
}
