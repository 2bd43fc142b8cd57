internal import Glibc

/// Rows of two ids and, perhaps, a time, separated by tabs.
enum TabSeparatedFile {
    struct Row: Sendable, Hashable {
        var first: Int64
        var second: Int64
        /// `nil` when the row has no third column, or no number in it.
        var time: Int64?
    }

    /// Reads a file; further columns and empty lines are ignored.
    static func read(_ path: String) throws(SplitEvaluationError) -> [Row] {
        let bytes = try Self.bytes(of: path)
        var rows: [Row] = []
        for (number, line) in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).enumerated() {
            let line = line.last == UInt8(ascii: "\r") ? line.dropLast() : line
            if line.isEmpty { continue }
            let fields = line.split(separator: UInt8(ascii: "\t"), maxSplits: 3, omittingEmptySubsequences: false)
            guard fields.count >= 2, let first = Self.integer(fields[0]), let second = Self.integer(fields[1]) else {
                throw SplitEvaluationError(.malformedRow, "\(path), line \(number + 1): expected two integers separated by a tab.")
            }
            rows.append(Row(first: first, second: second, time: fields.count > 2 ? Self.integer(fields[2]) : nil))
        }
        return rows
    }

    /// Replaces the file's content.
    static func write(_ text: String, to path: String) throws(SplitEvaluationError) {
        guard let file = unsafe fopen(path, "w") else {
            throw SplitEvaluationError(.unwritableFile, "\(path) can't be written: \(Self.reason()).")
        }
        let bytes = Array(text.utf8)
        let written = unsafe fwrite(bytes, 1, bytes.count, file)
        // A full disk may show only when the buffers are flushed.
        guard unsafe fclose(file) == 0, written == bytes.count else {
            throw SplitEvaluationError(.unwritableFile, "\(path) can't be written: \(Self.reason()).")
        }
    }

    /// A whole number; one written with a zero fraction ("12.0") counts too.
    private static func integer(_ field: ArraySlice<UInt8>) -> Int64? {
        guard let text = String(validating: field, as: UTF8.self) else { return nil }
        if let value = Int64(text) { return value }
        return Double(text).flatMap { Int64(exactly: $0.rounded()) }
    }

    private static func bytes(of path: String) throws(SplitEvaluationError) -> [UInt8] {
        guard let file = unsafe fopen(path, "r") else {
            throw SplitEvaluationError(.unreadableFile, "\(path) can't be read: \(Self.reason()).")
        }
        defer { unsafe fclose(file) }
        var content: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = unsafe fread(&chunk, 1, chunk.count, file)
            content += chunk[..<count]
            if count < chunk.count { break }
        }
        guard unsafe ferror(file) == 0 else {
            throw SplitEvaluationError(.unreadableFile, "\(path) can't be read: \(Self.reason()).")
        }
        return content
    }

    private static func reason() -> String { unsafe String(cString: strerror(errno)) }
}
