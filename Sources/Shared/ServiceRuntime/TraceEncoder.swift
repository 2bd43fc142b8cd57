package import MeshAPI
package import Telemetry

/// Writes traces as OpenTelemetry's protocol has them.
package struct TraceEncoder: Sendable {
    private let resource: OtlpResource
    private let scope: OtlpScope

    /// - Parameter replica: Tells processes of one service apart.
    package init(service: String, replica: String, version: String, environment: String) {
        self.resource = OtlpResource(
            attributes: [
                ("service.namespace", "duet"), ("service.name", "duet-\(service)"), ("service.instance.id", replica),
                ("service.version", version), ("deployment.environment.name", environment),
            ].map { Self.attribute(SpanAttribute($0.0, $0.1)) })
        self.scope = OtlpScope(name: "duet", version: version)
    }

    package func message(of traces: [FinishedTrace]) -> OtlpExport {
        let spans = traces.flatMap { trace in trace.spans.map { Self.span($0, of: trace) } }
        return OtlpExport(
            resourceSpans: [OtlpResourceSpans(resource: self.resource, scopeSpans: [OtlpScopeSpans(scope: self.scope, spans: spans)])])
    }

    private static func span(_ span: SpanRecord, of trace: FinishedTrace) -> OtlpSpan {
        OtlpSpan(
            traceID: Self.bytes(trace.traceHigh) + Self.bytes(trace.traceLow), spanID: Self.bytes(span.id),
            parentSpanID: span.parent == 0 ? [] : Self.bytes(span.parent), name: span.name, kind: Self.kind(span.kind),
            startTimeUnixNano: span.start, endTimeUnixNano: span.end, attributes: span.attributes.map(Self.attribute),
            events: span.events.map {
                OtlpEvent(timeUnixNano: $0.time, name: $0.name, attributes: $0.attributes.map(Self.attribute))
            },
            status: span.failure.map { OtlpStatus(message: $0, code: .error) }, flags: trace.isSampled ? 1 : 0)
    }

    private static func kind(_ kind: SpanRecord.Kind) -> OtlpSpan.Kind {
        switch kind {
        case .local: .internal
        case .server: .server
        case .client: .client
        }
    }

    private static func attribute(_ attribute: SpanAttribute) -> OtlpAttribute {
        var value = OtlpValue()
        switch attribute.value {
        case .text(let text): value.stringValue = text
        case .integer(let integer): value.intValue = integer
        case .number(let number): value.doubleValue = number
        case .truth(let truth): value.boolValue = truth
        }
        return OtlpAttribute(key: attribute.key, value: value)
    }

    /// Most significant first.
    private static func bytes(_ number: UInt64) -> [UInt8] {
        (0..<8).map { UInt8(truncatingIfNeeded: number >> (56 - 8 * $0)) }
    }
}
