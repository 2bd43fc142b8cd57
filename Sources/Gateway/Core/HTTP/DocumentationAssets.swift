internal import CSwaggerUI
internal import Crypto
internal import Hummingbird

/// A file that the binary carries, under an address that changes with its content and so may be kept for ever.
struct StaticAsset: Sendable {
    let path: String
    let mediaType: String
    /// Whether the bytes are compressed with gzip.
    let isCompressed: Bool
    let content: ByteBuffer

    init(folder: String, name: String, fileExtension: String, mediaType: String, isCompressed: Bool, content: [UInt8]) {
        let digest = SHA256.hash(data: content).prefix(8).map { byte in
            let digits = String(byte, radix: 16)
            return digits.count == 1 ? "0\(digits)" : digits
        }
        self.path = "\(folder)/\(name).\(digest.joined()).\(fileExtension)"
        self.mediaType = mediaType
        self.isCompressed = isCompressed
        self.content = ByteBuffer(bytes: content)
    }
}

/// What the page of the API's description is made of.
enum DocumentationAssets {
    static let script = StaticAsset(
        folder: "/docs", name: "swagger-ui-bundle", fileExtension: "js", mediaType: "text/javascript; charset=utf-8", isCompressed: true,
        content: unsafe Array(UnsafeBufferPointer(start: duet_swagger_ui_script.bytes, count: duet_swagger_ui_script.count)))
    static let style = StaticAsset(
        folder: "/docs", name: "swagger-ui", fileExtension: "css", mediaType: "text/css; charset=utf-8", isCompressed: true,
        content: unsafe Array(UnsafeBufferPointer(start: duet_swagger_ui_style.bytes, count: duet_swagger_ui_style.count)))
}
