/// A process's log: appended to by the process itself, cut by the supervisor when it has grown.
public enum LogFile {
    /// Size from which a log is cut.
    public static let maximumBytes = 16 << 20

    /// Moves the text to `<path>.1` and empties the file, if it is over `maximumBytes`. The writer keeps its descriptor (O_APPEND goes on
    /// at the new end); lines that it writes between the copy and the cut are lost.
    @discardableResult
    public static func rotate(_ path: String, maximumBytes: Int = LogFile.maximumBytes) -> Bool {
        guard let information = FileSystem.information(path), information.size > maximumBytes, let text = FileSystem.text(path) else {
            return false
        }
        guard (try? FileSystem.replace(path + ".1", with: text)) != nil else { return false }
        return FileSystem.truncate(path)
    }

    /// The last line that isn't blank, shortened to what fits a sentence.
    public static func lastLine(_ path: String) -> String? {
        guard let text = FileSystem.text(path) else { return nil }
        let lines = text.split(whereSeparator: \.isNewline)
        guard let line = lines.last(where: { !$0.allSatisfy(\.isWhitespace) }) else { return nil }
        return String(line.prefix(400))
    }
}
