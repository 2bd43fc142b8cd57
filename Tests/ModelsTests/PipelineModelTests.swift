import Domain
import Models
import Testing

@Suite struct PipelineModelTests {
    @Test("A model comes back from its bytes as it was, and equal models have equal bytes")
    func roundTrip() throws {
        let model = try makeModel()
        let bytes = model.encode()
        let copy = try PipelineModel(decoding: bytes)
        #expect(copy == model)
        #expect(copy.encode() == bytes)
        #expect(copy.retrieval.quotas[.nearby] == 20)
    }

    @Test("The checksum is SHA-256 in hexadecimal")
    func checksum() {
        #expect(
            PipelineModel.checksum(of: Array("abc".utf8)) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    }

    @Test("Bytes that were cut short are refused")
    func truncation() throws {
        let bytes = try makeModel().encode()
        for length in stride(from: 0, to: bytes.count, by: 3) {
            #expect(throws: ModelError.self) { try PipelineModel(decoding: Array(bytes.prefix(length))) }
        }
        #expect(throws: ModelError.self) { try PipelineModel(decoding: bytes + [0]) }
    }

    @Test("A change of any bit is noticed")
    func bitFlips() throws {
        let bytes = try makeModel().encode()
        for index in bytes.indices {
            var changed = bytes
            changed[index] ^= 1
            #expect(throws: ModelError.self) { try PipelineModel(decoding: changed) }
        }
    }

    @Test("A later format is refused as such")
    func format() throws {
        var bytes = try makeModel().encode()
        bytes[8] = 2
        #expect { try PipelineModel(decoding: bytes) } throws: { ($0 as? ModelError)?.code == .unsupportedFormat }
    }

    @Test("A whole artefact that holds what is no number is refused")
    func notFinite() throws {
        var model = try makeModel()
        model.metrics["auc"] = .nan
        #expect { try PipelineModel(decoding: model.encode()) } throws: { ($0 as? ModelError)?.code == .invalid }
        model = try makeModel()
        model.targetGram[1] = .infinity
        #expect { try PipelineModel(decoding: model.encode()) } throws: { ($0 as? ModelError)?.code == .invalid }
    }

    @Test("A model of another schema can be read, but not served")
    func schema() throws {
        var model = try makeModel()
        model.personSchemaVersion = 2
        let copy = try PipelineModel(decoding: model.encode())
        #expect(copy.personSchemaVersion == 2)
        #expect(throws: ModelError.self) { try copy.requireServable() }
    }
}
