#!/usr/bin/env bash
# Fuzzes the decoders of the wire (envelope, metadata, failures, every message) with libFuzzer and the address sanitizer, from the
# committed corpus. A finding ends it with a status other than 0 and leaves its input in .fuzz/.
# usage: [SECONDS_LIMIT=60] [RUNS=-1] dev/fuzz.sh      KEEP=1 adds what reaches new code to the corpus
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD
seconds=${SECONDS_LIMIT:-60} runs=${RUNS:--1}
work=$root/.fuzz
mkdir -p "$work/found" "$work/findings"

sanitizers=(-Xswiftc -sanitize=fuzzer,address -Xcc -fsanitize=fuzzer-no-link,address)
swift build --quiet -c release --package-path dev/fuzz --product FuzzDecoders "${sanitizers[@]}"
bin=$(swift build -c release --package-path dev/fuzz --show-bin-path "${sanitizers[@]}")
program=$work/fuzz-decoders
echo "" >"$work/empty.swift"
swiftc -sanitize=fuzzer,address -parse-as-library "$work/empty.swift" -o "$program" -Xlinker --whole-archive "$bin/libFuzzDecoders.a" \
    -Xlinker --no-whole-archive -lnng -lprotobuf-c

# Swift's own crash reports would come before the sanitizer's.
export SWIFT_BACKTRACE=enable=no ASAN_OPTIONS=detect_leaks=${LEAKS:-0}
"$program" -max_total_time="$seconds" -runs="$runs" -max_len=4096 -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
    -artifact_prefix="$work/findings/" "$work/found" dev/fuzz/corpus
if [ -n "${KEEP:-}" ]; then "$program" -set_cover_merge=1 -max_len=512 dev/fuzz/corpus "$work/found"; fi
