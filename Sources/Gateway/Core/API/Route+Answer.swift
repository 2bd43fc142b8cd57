extension Route {
    /// What one status means.
    public struct Answer: Hashable, Sendable {
        public var status: Int
        public var summary: String
        public var schema: Schema?
        public var mediaType: String
        public var headers: [Header]
        public var links: [Link]
        /// Name under which the API's description lists an answer that many routes share.
        public var component: String?

        public init(
            _ status: Int, _ summary: String, _ schema: Schema? = nil, mediaType: String = "application/json", headers: [Header] = [],
            links: [Link] = [], component: String? = nil
        ) {
            self.status = status
            self.summary = summary
            self.schema = schema
            self.mediaType = mediaType
            self.headers = headers
            self.links = links
            self.component = component
        }
    }

    /// A header that comes with an answer.
    public struct Header: Hashable, Sendable {
        public var name: String
        public var summary: String
        public var schema: Schema

        static let requestID = Header(
            name: "X-Request-ID", summary: "Names the request: the client's own if it sent a plain one.", schema: .text(1...128))
        static let processTime = Header(
            name: "X-Process-Time", summary: "Seconds that the answer took.", schema: .number(0...Double.greatestFiniteMagnitude))
        static let retryAfter = Header(name: "Retry-After", summary: "Seconds to wait before trying again.", schema: .integer(0...86_400))
        static let location = Header(name: "Location", summary: "Where to look next.", schema: .text())
        static let nextCursor = Header(
            name: "X-Next-Cursor", summary: "The `cursor` of the next page; absent on the last.", schema: .text())
        static let link = Header(name: "Link", summary: "The next page's address, `rel=\"next\"` (RFC 8288).", schema: .text())
        static let rateLimit = [
            Header(name: "RateLimit-Limit", summary: "Requests that may come at once.", schema: .integer(1...Int64.max)),
            Header(name: "RateLimit-Remaining", summary: "How many of them are left.", schema: .integer(0...Int64.max)),
            Header(name: "RateLimit-Reset", summary: "Seconds until all of them are back.", schema: .integer(0...Int64.max)),
        ]
        /// Of every list that comes in pages.
        static let paging = [nextCursor, link]
    }

    /// What can be done next with an answer.
    public struct Link: Hashable, Sendable {
        public struct Value: Hashable, Sendable {
            public var name: String
            /// A runtime expression of OpenAPI.
            public var expression: String
        }

        public var operation: String
        public var parameters: [Value]

        /// - Parameter parameters: Names of the other operation's parameters with runtime expressions.
        init(_ operation: String, _ parameters: KeyValuePairs<String, String>) {
            self.operation = operation
            self.parameters = parameters.map { Value(name: $0.key, expression: $0.value) }
        }
    }
}
