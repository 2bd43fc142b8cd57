#!/bin/sh
# What stage 2 costs in processor time: getFeatures and rank in one process, through the wire format, without the network.
# usage: dev/bench-ranking.sh [PEOPLE] [ROUNDS]
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
swift build --quiet -c release --package-path "$root/dev/bench-ranking" --product bench-ranking
# The same requests in each run: the order of a set depends on the hash's seed.
exec env SWIFT_DETERMINISTIC_HASHING=1 "$root/dev/bench-ranking/.build/release/bench-ranking" "$@"
