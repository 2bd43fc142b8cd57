#!/usr/bin/env bash
# The tests under the thread and the address sanitizer, each in a build folder of its own (debug: findings name their lines).
set -euo pipefail
cd "$(dirname "$0")/.."
for kind in ${1:-thread address}; do
    echo "== $kind sanitizer"
    # A test can print "passed" and the run still fail: the exit status decides.
    swift test --sanitize="$kind" --scratch-path ".build-$kind" --no-parallel --skip EndToEndTests
done
