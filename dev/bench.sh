#!/usr/bin/env bash
# Times a whole mesh on the demo community over HTTP, on this machine, client included.
# Usage: dev/bench.sh [seconds a row]. Data folder .bench/store (kept, so that a second run starts at once), port 18999.
# The floor, measured in the same run, is the gateway's own liveness route: HTTP and nothing else.
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=${1:-10}
store=.bench/store port=18999 duet=.build/release/duet
mkdir -p .bench
# The floor asks without a person's token as fast as it can.
export RATE_LIMIT_ADDRESS_PER_SECOND=0

"$duet" up --detach --dir "$store" --port "$port"
trap '"$duet" down --dir "$store" >/dev/null' EXIT
TOKEN=$("$duet" token --role service --dir "$store" | tail -1)
PEOPLE=$("$duet" status --json --dir "$store" | tr -d '\n ' | sed -n 's/.*"people":\([0-9]*\).*/\1/p')
supervisor=$("$duet" status --json --dir "$store" | tr -d '\n ' | sed -n 's/.*"supervisor_pid":\([0-9]*\).*/\1/p')
export TOKEN PEOPLE
ticks=$(getconf CLK_TCK)

# CPU ticks of the supervisor and all below it, ended children included.
cpu() {
    local queue=("$supervisor") total=0 pid
    while [ ${#queue[@]} -gt 0 ]; do
        pid=${queue[0]} queue=("${queue[@]:1}")
        [ -r "/proc/$pid/stat" ] || continue
        total=$((total + $(sed 's/.*) //' "/proc/$pid/stat" 2>/dev/null | awk '{print $12 + $13 + $14 + $15}' || echo 0)))
        mapfile -t -O ${#queue[@]} queue < <(cat /proc/"$pid"/task/*/children 2>/dev/null | tr ' ' '\n' | grep .)
    done
    echo "$total"
}

printf '%-34s %6s %9s %9s %9s %7s %14s\n' work conns req/s 'p50 ms' 'p99 ms' errors 'CPU s/1000 req'
offset=0
row() {
    local name=$1 work=$2 connections=$3 before after
    offset=$((offset + 1300))
    before=$(cpu)
    result=$(WORK=$work OFFSET=$offset wrk -t1 -c"$connections" -d"${seconds}s" --timeout 5s -s dev/bench.lua "http://127.0.0.1:$port" | grep ^RESULT)
    after=$(cpu)
    read -r _ requests rate p50 p99 errors <<<"$result"
    awk -v n="$name" -v c="$connections" -v r="$rate" -v a="$p50" -v b="$p99" -v e="$errors" -v t="$((after - before))" -v k="$ticks" -v q="$requests" \
        'BEGIN { printf "%-34s %6d %9d %9.2f %9.2f %7d %14.2f\n", n, c, r, a / 1000, b / 1000, e, t / k / q * 1000 }'
}

WORK=hit wrk -t1 -c4 -d2s -s dev/bench.lua "http://127.0.0.1:$port" >/dev/null # warm
for connections in 1 64; do
    row "floor: GET /health/live" floor "$connections"
    row "recommendation, cache miss" cold "$connections"
    row "recommendation, random age filter" filtered "$connections"
    row "recommendation, cache hit" hit "$connections"
    row "GET /users/{id}" user "$connections"
    row "POST /interactions/" interaction "$connections"
done
echo "made by: make bench   ($(nproc) cores, $seconds s a row, client on the same machine)"
