internal import Domain
public import Foundation

extension Community {
    /// Writes `users.csv`, `interactions.csv`, `heldout.csv` and `truth` into a folder, which is made if need be.
    public func write(to folder: URL) throws {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try Self.write("users.csv", in: folder) { append in
            try append("id,name,age,gender,location,bio,interests,latitude,longitude,created_at\n")
            for user in self.users { try append(Self.line(user)) }
        }
        for (name, rows) in [("interactions.csv", self.interactions), ("heldout.csv", self.heldOut)] {
            try Self.write(name, in: folder) { append in
                try append("user_id,target_user_id,interaction_type,timestamp\n")
                for row in rows {
                    try append("\(row.userID),\(row.targetUserID),\(row.kind.rawValue),\(row.timestamp.iso8601)\n")
                }
            }
        }
        try Self.write("truth", in: folder) { append in try self.truth.write(append) }
    }

    private static func line(_ user: User) -> String {
        let fields: [String] = [
            "\(user.id)", Self.quoted(user.name), user.age.map(String.init) ?? "", user.gender?.rawValue ?? "",
            Self.quoted(user.location ?? ""), Self.quoted(user.bio ?? ""), Self.quoted(user.interests.joined(separator: ";")),
            user.coordinate.map { "\($0.latitude)" } ?? "", user.coordinate.map { "\($0.longitude)" } ?? "", user.createdAt.iso8601,
        ]
        return fields.joined(separator: ",") + "\n"
    }

    /// RFC 4180.
    private static func quoted(_ text: String) -> String {
        guard text.utf8.contains(where: { [0x22, 0x2C, 0x0A, 0x0D].contains($0) }) else { return text }
        return "\"" + text.replacing("\"", with: "\"\"") + "\""
    }

    /// Writes under another name first, so that a file that is there is whole.
    private static func write(_ name: String, in folder: URL, _ body: ((String) throws -> Void) throws -> Void) throws {
        let partial = folder.appending(path: name + ".partial")
        try Data().write(to: partial)
        let handle = try FileHandle(forWritingTo: partial)
        defer { try? handle.close() }
        var buffer = Data()
        try body { text in
            buffer.append(contentsOf: text.utf8)
            if buffer.count >= 1 << 20 {
                try handle.write(contentsOf: buffer)
                buffer.removeAll(keepingCapacity: true)
            }
        }
        try handle.write(contentsOf: buffer)
        let target = folder.appending(path: name)
        if FileManager.default.fileExists(atPath: target.path) { try FileManager.default.removeItem(at: target) }
        try FileManager.default.moveItem(at: partial, to: target)
    }
}
