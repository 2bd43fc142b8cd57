import Mesh
import MeshAPI

/// What libFuzzer calls: the first byte says which decoder gets the rest.
///
/// A decoder may refuse bytes in any way that throws. What it takes must survive the round trip, but for numbers that aren't equal
/// to themselves.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
    guard let start = unsafe start, count > 0 else { return 0 }
    let bytes = unsafe UnsafeRawBufferPointer(start: start + 1, count: count - 1)
    let kind = unsafe Int(start.pointee)
    if unsafe kind < decoders.count {
        unsafe decoders[kind](bytes)
    } else {
        unsafe readEnvelope(bytes)
    }
    return 0
}

/// Envelope, metadata and failure, as client and server read them.
private func readEnvelope(_ bytes: UnsafeRawBufferPointer) {
    guard let envelope = try? unsafe Envelope(reading: bytes) else { return }
    let payload = Envelope.size + Int(envelope.metadataCount)
    var copy = unsafe [UInt8](bytes)
    unsafe copy.withUnsafeMutableBytes { unsafe envelope.write(to: $0) }
    let again = try? unsafe copy.withUnsafeBytes { try unsafe Envelope(reading: $0) }
    precondition(again == envelope, "An envelope doesn't survive the round trip.")
    if let metadata = try? unsafe Metadata.decode(UnsafeRawBufferPointer(rebasing: bytes[Envelope.size..<payload])) {
        guard let packed = try? Metadata.encode(metadata) else { return }
        let same = try? unsafe packed.withUnsafeBytes { (bytes) throws(MeshError) in try unsafe Metadata.decode(bytes) }
        precondition(same == metadata, "Metadata doesn't survive the round trip.")
    }
    _ = unsafe MessageCoder.decodeError(bytes, envelope)
    _ = envelope.deadline(at: .now)
}

private typealias Decoder = @Sendable (UnsafeRawBufferPointer) -> Void

private func decoder<Message: MeshMessage>(_ type: Message.Type) -> Decoder {
    { bytes in
        guard let message = try? unsafe Message(unpacking: bytes) else { return }
        guard let packed = try? message.packed() else { preconditionFailure("A message can't be packed.") }
        guard let again = try? Message(bytes: packed), let repacked = try? again.packed() else {
            preconditionFailure("A packed message can't be read.")
        }
        // Compared as bytes, as NaN equals nothing.
        precondition(repacked == packed, "A message doesn't survive the round trip.")
    }
}

/// New ones go to the end, as the corpus says by number which is meant.
private let decoders: [Decoder] = [
    decoder(CheckRequest.self),
    decoder(CheckResponse.self),
    decoder(Dependency.self),
    decoder(DescribeFeaturesRequest.self),
    decoder(DescribeFeaturesResponse.self),
    decoder(Filter.self),
    decoder(GenerateRequest.self),
    decoder(GenerateResponse.self),
    decoder(GetFeaturesRequest.self),
    decoder(GetFeaturesResponse.self),
    decoder(ListModelsRequest.self),
    decoder(ListModelsResponse.self),
    decoder(Model.self),
    decoder(RankRequest.self),
    decoder(RankResponse.self),
    decoder(RequestContext.self),
    decoder(SimilarRequest.self),
    decoder(SimilarResponse.self),
    decoder(SourceReport.self),
    decoder(EvolutionAfter.self),
    decoder(EvolutionBefore.self),
    decoder(EvolutionPart.self),
    decoder(EvolutionPartAfter.self),
]
