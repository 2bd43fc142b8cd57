internal import Crypto

/// Hashes that are the same in every process, unlike `Hasher`.
enum StableHash {
    private static let digits = Array("0123456789abcdef".utf8)

    /// FNV-1a over 64 bits.
    static func hash(_ bytes: some Sequence<UInt8>) -> UInt64 {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        return hash
    }

    /// The first 128 bits of SHA-256, as hexadecimal digits: nobody finds two texts with the same.
    static func digest(_ text: String) -> String {
        var characters: [UInt8] = []
        characters.reserveCapacity(32)
        for byte in SHA256.hash(data: Array(text.utf8)).prefix(16) {
            characters.append(Self.digits[Int(byte >> 4)])
            characters.append(Self.digits[Int(byte & 15)])
        }
        return String(decoding: characters, as: UTF8.self)
    }
}
