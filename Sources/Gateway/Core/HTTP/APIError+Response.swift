internal import Domain
internal import HTTPTypes
internal import Hummingbird

extension APIError {
    /// The one shape of every error: `{error, detail, request_id, timestamp}`.
    func body(requestID: String, at moment: Timestamp) -> [UInt8] {
        JSONWriter.bytes { writer in
            writer.object { writer in
                writer.key("error")
                writer.string(self.sentence)
                writer.key("detail")
                self.detail.write(to: &writer)
                writer.key("request_id")
                writer.string(requestID)
                writer.key("timestamp")
                writer.timestamp(moment)
            }
        }
    }

    func response(requestID: String, at moment: Timestamp) -> Response {
        Response(json: self.body(requestID: requestID, at: moment), status: self.status, headers: self.headers)
    }
}

extension APIError.Detail {
    func write(to writer: inout JSONWriter) {
        switch self {
        case .none: writer.null()
        case .text(let text): writer.string(text)
        case .fields(let fields):
            writer.array(fields) { writer, field in
                writer.object { writer in
                    writer.key("loc")
                    writer.array(field.location) { writer, step in
                        switch step {
                        case .name(let name): writer.string(name)
                        case .index(let index): writer.integer(index)
                        }
                    }
                    writer.key("msg")
                    writer.string(field.message)
                    writer.key("type")
                    writer.string(field.type)
                }
            }
        case .missing(let ids):
            writer.object { writer in
                writer.key("missing")
                writer.array(ids) { $0.integer($1) }
            }
        }
    }
}

extension Response {
    /// An answer of one JSON value in one buffer, which goes out in one write.
    init(json bytes: [UInt8], status: HTTPResponse.Status = .ok, headers: HTTPFields = [:]) {
        var headers = headers
        headers[.contentType] = "application/json"
        self.init(status: status, headers: headers, body: .init(byteBuffer: ByteBuffer(bytes: bytes)))
    }

    init(json body: ByteBuffer) { self.init(status: .ok, headers: [.contentType: "application/json"], body: .init(byteBuffer: body)) }

    init(status: HTTPResponse.Status = .ok, headers: HTTPFields = [:], json write: (inout JSONWriter) throws -> Void) rethrows {
        self.init(json: try JSONWriter.bytes(write), status: status, headers: headers)
    }
}
