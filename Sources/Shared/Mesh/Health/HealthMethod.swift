internal import Glibc

/// `duet.health.v1.HealthService/Check`, which every server answers by itself.
///
/// The messages are generated above this target, so the two of them are written by hand here.
enum HealthMethod {
    static let descriptor = MethodDescriptor(
        service: "duet.health.v1.HealthService", name: "Check", isIdempotent: true, timeout: .milliseconds(500))

    /// `CheckRequest`: its fields, if it ever has any, are none of ours.
    struct Request: MeshMessage {
        static let fullName = "duet.health.v1.CheckRequest"

        init() {}

        init(unpacking bytes: UnsafeRawBufferPointer) throws(MeshError) {}

        func withPackedForm<R>(_ body: (Int, (UnsafeMutableRawBufferPointer) -> Void) throws(MeshError) -> R) throws(MeshError) -> R {
            try unsafe body(0) { _ in }
        }
    }

    /// `CheckResponse`, written only.
    struct Response: MeshMessage {
        static let fullName = "duet.health.v1.CheckResponse"
        private let bytes: [UInt8]

        init(_ report: HealthReport, service: String, version: String, inFlight: Int) {
            var writer = WireWriter()
            writer.number(UInt64(report.status.rawValue), field: 1)
            writer.bytes(Array(service.utf8), field: 2)
            writer.bytes(Array(version.utf8), field: 3)
            writer.number(UInt64(getpid()), field: 4)
            writer.number(UInt64(inFlight), field: 5)
            for dependency in report.dependencies {
                var inner = WireWriter()
                inner.bytes(Array(dependency.name.utf8), field: 1)
                inner.number(dependency.isHealthy ? 1 : 0, field: 2)
                inner.bytes(Array(dependency.detail.utf8), field: 3)
                writer.bytes(inner.bytes, field: 6, evenIfEmpty: true)
            }
            self.bytes = writer.bytes
        }

        init(unpacking bytes: UnsafeRawBufferPointer) throws(MeshError) {
            self.bytes = unsafe Array(bytes)
        }

        func withPackedForm<R>(_ body: (Int, (UnsafeMutableRawBufferPointer) -> Void) throws(MeshError) -> R) throws(MeshError) -> R {
            try unsafe body(self.bytes.count) { unsafe $0.copyBytes(from: self.bytes) }
        }
    }

    /// Varints and length-prefixed bytes of the protobuf wire format; defaults are left out, as proto3 has it.
    private struct WireWriter {
        private(set) var bytes: [UInt8] = []

        mutating func number(_ value: UInt64, field: UInt64) {
            guard value != 0 else { return }
            self.varint(field << 3)
            self.varint(value)
        }

        mutating func bytes(_ value: [UInt8], field: UInt64, evenIfEmpty: Bool = false) {
            guard evenIfEmpty || !value.isEmpty else { return }
            self.varint(field << 3 | 2)
            self.varint(UInt64(value.count))
            self.bytes += value
        }

        private mutating func varint(_ value: UInt64) {
            var rest = value
            while rest >= 0x80 {
                self.bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
                rest >>= 7
            }
            self.bytes.append(UInt8(rest))
        }
    }
}
