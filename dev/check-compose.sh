#!/usr/bin/env bash
# Checks compose.yaml by the compose tool, and that every process of Duet is locked in and sees the others' sockets and processes.
set -euo pipefail
cd "$(dirname "$0")/.."

if docker compose version >/dev/null 2>&1; then
    compose=(docker compose)
elif command -v docker-compose >/dev/null; then
    compose=(docker-compose)
else
    echo "skipped: compose.yaml (the compose tool is absent)"
    exit 0
fi
export DUET_DATABASE_PASSWORD=one DUET_REDIS_PASSWORD=two
resolved=$("${compose[@]}" --profile jobs config --format json)
python3 - "$resolved" <<'PYTHON'
import json, sys
services = json.loads(sys.argv[1])["services"]
members = ["gateway", "candidate", "ranking", "feature"]
for name in members + ["hold", "migrate", "train"]:
    service = services[name]
    assert service["read_only"] and service["cap_drop"] == ["ALL"] and service["user"] == "10001:10001", f"{name} isn't locked in"
    assert service["command"] == [name], f"{name} runs {service['command']}"
for name in members:
    assert services[name]["pid"] == "service:hold", f"{name} doesn't see who is alive"
    assert any(volume["target"] == "/run/duet" for volume in services[name]["volumes"]), f"{name} has no sockets"
for name, service in services.items():
    assert ":" in service["image"] and not service["image"].endswith(":latest"), f"{name} runs an image without a fixed tag"
    assert all(port.get("host_ip") == "127.0.0.1" for port in service.get("ports", [])), f"{name} is open to the network"
print(f"compose: {len(services)} services valid")
PYTHON
unset DUET_DATABASE_PASSWORD
if "${compose[@]}" config --quiet 2>/dev/null; then echo "compose: starts without its passwords" >&2; exit 1; fi
