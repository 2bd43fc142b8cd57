/// What a subscription brings.
public enum RedisMessage: Hashable, Sendable {
    /// All channels are subscribed, for the first time or again. What was published before is gone: look at what it would have told.
    case subscribed
    case message(channel: String, payload: [UInt8])

    /// The payload of a message as text.
    public var text: String? {
        guard case .message(_, let payload) = self else { return nil }
        return String(decoding: payload, as: UTF8.self)
    }
}
