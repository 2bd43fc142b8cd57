#!/usr/bin/env python3
"""Reads messages that a receiver of traces got, with OpenTelemetry's own definitions, and checks the tree of one trace.

Usage: check_traces.py FOLDER TRACE CALLER     FOLDER: a file a message; TRACE, CALLER: hexadecimal identifiers of the traceparent
Exit status 77: PyPI's opentelemetry-proto isn't there (deploy/setup.sh --dev installs it into .build/trace-tools).
"""
import pathlib
import sys

try:
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
    from opentelemetry.proto.trace.v1.trace_pb2 import Span
except ImportError:
    print("left out, opentelemetry-proto isn't installed (deploy/setup.sh --dev)")
    sys.exit(77)

folder, trace, caller = sys.argv[1:]
spans, services = {}, {}
for path in pathlib.Path(folder).iterdir():
    request = ExportTraceServiceRequest()
    request.ParseFromString(path.read_bytes())
    size = request.ByteSize()
    request.DiscardUnknownFields()
    assert request.ByteSize() == size, "fields that the specification doesn't know"
    for resource in request.resource_spans:
        attributes = {a.key: a.value.string_value for a in resource.resource.attributes}
        for scope in resource.scope_spans:
            assert scope.scope.name == "duet"
            for span in scope.spans:
                assert len(span.trace_id) == 16 and len(span.span_id) == 8 and len(span.parent_span_id) in (0, 8)
                assert span.name and 0 < span.start_time_unix_nano <= span.end_time_unix_nano
                if span.trace_id.hex() == trace:
                    assert span.span_id not in spans, "an identifier given twice"
                    spans[span.span_id], services[span.span_id] = span, attributes["service.name"]

assert set(services.values()) == {"duet-gateway", "duet-candidate", "duet-ranking", "duet-feature"}, set(services.values())
roots = [span for span in spans.values() if span.parent_span_id.hex() == caller]
assert len(roots) == 1 and roots[0].kind == Span.SPAN_KIND_SERVER
for identifier, span in spans.items():
    if span is roots[0]:
        continue
    parent = spans[span.parent_span_id]
    assert parent.start_time_unix_nano <= span.start_time_unix_nano, (parent.name, span.name)
    assert span.end_time_unix_nano <= parent.end_time_unix_nano, (parent.name, span.name)
    if span.kind == Span.SPAN_KIND_SERVER:
        assert parent.kind == Span.SPAN_KIND_CLIENT and parent.name == span.name
    else:
        assert services[identifier] == services[span.parent_span_id]
print(f"{len(spans)} spans of {len(set(services.values()))} services, each within its parent")
