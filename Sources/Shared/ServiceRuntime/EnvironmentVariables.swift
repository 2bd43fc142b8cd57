import Glibc

/// The environment of this process as a dictionary, without Foundation.
public enum EnvironmentVariables {
    /// A copy as of now. Of a name given twice the first counts, as for `getenv`.
    public static var current: [String: String] {
        var result: [String: String] = [:]
        var entry = unsafe environ
        while let text = unsafe entry.pointee {
            let parts = unsafe String(cString: text).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            if parts.count == 2, result[String(parts[0])] == nil { result[String(parts[0])] = String(parts[1]) }
            unsafe entry += 1
        }
        return result
    }
}
