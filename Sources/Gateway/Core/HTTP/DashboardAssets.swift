internal import CDashboard
internal import Crypto

/// The files of the operator's page, as the binary carries them.
enum DashboardAssets {
    struct File: Sendable {
        var name: String
        var content: [UInt8]

        var mediaType: String {
            switch self.name.split(separator: ".").last {
            case "css": "text/css; charset=utf-8"
            case "js": "text/javascript; charset=utf-8"
            case "svg": "image/svg+xml"
            default: "text/html; charset=utf-8"
            }
        }
    }

    static let files: [File] = unsafe UnsafeBufferPointer(start: duet_page_files_start(), count: duet_page_file_count).map { file in
        unsafe File(name: String(cString: file.name), content: Array(UnsafeBufferPointer(start: file.bytes, count: file.count)))
    }

    /// Changes with the content of any file: a folder of this name may be kept for ever.
    static let digest: String = {
        var hash = SHA256()
        for file in Self.files {
            hash.update(data: Array(file.name.utf8) + [0])
            hash.update(data: file.content)
        }
        return hash.finalize().prefix(8).map { byte in
            let digits = String(byte, radix: 16)
            return digits.count == 1 ? "0\(digits)" : digits
        }.joined()
    }()
}
