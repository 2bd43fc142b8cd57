/// How names of the `.proto` files are written in Swift and in C.
enum Naming {
    private static let keywords: Set<String> = [
        "as", "break", "case", "catch", "class", "continue", "default", "defer", "deinit", "do", "else", "enum", "extension",
        "fallthrough", "false", "for", "func", "guard", "if", "import", "in", "init", "inout", "internal", "is", "let", "nil",
        "operator", "private", "protocol", "public", "repeat", "return", "self", "static", "struct", "subscript", "super",
        "switch", "throw", "throws", "true", "try", "typealias", "var", "where", "while",
    ]

    /// `user_id` → `userID`, `min_age` → `minAge`, `NOT_SERVING` → `notServing`.
    static func member(_ name: String) -> String {
        let words = name.lowercased().split(separator: "_").map(String.init)
        let joined = words.enumerated().map { index, word in
            switch (index, word) {
            case (0, _): word
            case (_, "id"): "ID"
            case (_, "ids"): "IDs"
            default: word.prefix(1).uppercased() + word.dropFirst()
            }
        }.joined()
        return self.keywords.contains(joined) ? "`\(joined)`" : joined
    }

    /// `GetFeatures` → `getFeatures`.
    static func method(_ name: String) -> String {
        let joined = name.prefix(1).lowercased() + name.dropFirst()
        return self.keywords.contains(joined) ? "`\(joined)`" : joined
    }

    /// `duet.candidate.v1.GenerateRequest` → `Duet__Candidate__V1__GenerateRequest`, as protoc-c names the struct.
    static func cType(_ fullName: String) -> String {
        fullName.split(separator: ".").map { piece in
            piece.split(separator: "_").map { $0.prefix(1).uppercased() + $0.dropFirst() }.joined()
        }.joined(separator: "__")
    }

    /// `duet.candidate.v1.GenerateRequest` → `duet__candidate__v1__generate_request`, as protoc-c names the functions.
    static func cFunction(_ fullName: String) -> String {
        fullName.split(separator: ".").map { piece in
            var lowered = ""
            var previousIsUpper = true
            for character in piece {
                if character.isUppercase, !previousIsUpper { lowered += "_" }
                previousIsUpper = character.isUppercase
                lowered += character.lowercased()
            }
            return lowered
        }.joined(separator: "__")
    }

    /// `duet/candidate/v1/candidate.proto` → `Candidate`.
    static func fileStem(_ path: String) -> String {
        let base = path.split(separator: "/").last.map(String.init) ?? path
        let stem = base.hasSuffix(".proto") ? String(base.dropLast(6)) : base
        return stem.split(separator: "_").map { $0.prefix(1).uppercased() + $0.dropFirst() }.joined()
    }

    /// 32-bit FNV-1a of the full method name: what identifies a method on the wire.
    static func methodID(_ fullName: String) -> UInt32 {
        fullName.utf8.reduce(0x811C_9DC5) { ($0 ^ UInt32($1)) &* 0x0100_0193 }
    }
}
