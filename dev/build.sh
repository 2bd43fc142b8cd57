#!/usr/bin/env bash
# Builds the release products; extra arguments go to `swift build`. On a terminal it shows a progress bar with rate and time left.
set -uo pipefail
cd "$(dirname "$0")/.."

log=$(mktemp)
trap 'rm -f "$log"' EXIT

if [ ! -t 1 ]; then
    swift build -c release "$@" 2>&1 | grep -vE '^\[[0-9]+/[0-9]+\] '
    exit "${PIPESTATUS[0]}"
fi

# SwiftPM reports "[done/total] step"; its total grows while it plans, so time left is an estimate that settles.
started=$SECONDS
swift build -c release "$@" 2>&1 | tee "$log" | while IFS= read -r line; do
    if [[ $line =~ ^\[([0-9]+)/([0-9]+)\]\ (.*) ]]; then
        finished=${BASH_REMATCH[1]} total=${BASH_REMATCH[2]} step=${BASH_REMATCH[3]}
        elapsed=$((SECONDS - started))
        left=$((finished > 0 ? elapsed * (total - finished) / finished : 0))
        width=$((total > 0 ? 24 * finished / total : 0))
        bar=$(printf '%*s' "$width" '' | tr ' ' '#')
        printf '\r\033[KBuilding  [%-24s] %d/%d  %d/s  %dm%02ds left  %.40s' \
            "$bar" "$finished" "$total" "$((elapsed > 0 ? finished / elapsed : finished))" "$((left / 60))" "$((left % 60))" "$step"
    elif [[ $line == *error:* || $line == *warning:* ]]; then
        printf '\r\033[K%s\n' "$line"
    fi
done
status=${PIPESTATUS[0]}
printf '\r\033[K'
if [ "$status" -ne 0 ]; then tail -40 "$log" >&2; fi
exit "$status"
