import Domain
import Supervision

/// Reads `user_id,target_user_id,interaction_type,timestamp`, with or without a header, as `duet simulate` writes held-out likes.
enum HeldOutFile {
    static func read(_ path: String) throws -> [Interaction] {
        guard let text = FileSystem.text(path) else {
            throw Failure("\(path) can't be read: name the held-out likes by --held-out.")
        }
        var result: [Interaction] = []
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() where !line.isEmpty {
            let fields = line.split(separator: ",", omittingEmptySubsequences: false)
            if index == 0, Int64(fields[0]) == nil { continue }
            guard fields.count >= 2, let user = Int64(fields[0]), let target = Int64(fields[1]), user > 0, target > 0,
                let kind = fields.count > 2 && !fields[2].isEmpty ? InteractionKind(recordable: String(fields[2])) : .like
            else { throw Failure("Line \(index + 1) of \(path) is not user_id,target_user_id,interaction_type,timestamp.") }
            let timestamp = fields.count > 3 ? Timestamp(iso8601: fields[3]) : nil
            result.append(
                Interaction(
                    id: Int64(index + 1), userID: UserID(user), targetUserID: UserID(target), kind: kind,
                    timestamp: timestamp ?? Timestamp(seconds: 0)))
        }
        return result
    }
}
