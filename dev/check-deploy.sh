#!/usr/bin/env bash
# Everything in deploy/ that can be checked on one machine. Says what it skipped because a tool is absent; a finding ends it with status 1.
# Usage: dev/check-deploy.sh [BUILD_FOLDER]
set -uo pipefail
cd "$(dirname "$0")/.."

build=${1:-.build/release} failed=0 log=$(mktemp)
trap 'rm -f "$log"' EXIT
check() {
    "$@" 2>&1 | tee -a "$log"
    [ "${PIPESTATUS[0]}" -eq 0 ] || { echo "FAILED: $1"; failed=1; }
}

check dev/check-systemd.sh
check dev/check-kubernetes.sh
check dev/check-compose.sh
if command -v hadolint >/dev/null; then
    check hadolint deploy/Dockerfile
else
    echo "skipped: Dockerfile's style (hadolint is absent)" | tee -a "$log"
fi
check dev/check-supply.sh "$build"
check dev/check-image.sh "$build"
check dev/check-balancers.sh "$build"

skipped=$(grep -c '^skipped: ' "$log")
[ "$failed" -eq 0 ] && echo "deploy: whole, $skipped checks skipped"
exit "$failed"
