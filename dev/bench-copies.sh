#!/bin/sh
# What the copies of stage 1 weigh (people, who has seen whom, impressions), and how fast a replica rebuilds them from a log in memory.
# usage: dev/bench-copies.sh [PEOPLE] [INTERACTIONS]
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
swift build --quiet -c release --package-path "$root/dev/bench-copies" --product bench-copies
exec "$root/dev/bench-copies/.build/release/bench-copies" "$@"
