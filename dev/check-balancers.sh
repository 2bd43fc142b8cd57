#!/usr/bin/env bash
# Runs two gateways behind HAProxy, then behind nginx, with the configurations of deploy/; under a load of reads it kills one, brings it
# back and drains the other, and counts what a client lost: nothing may be.
# Usage: dev/check-balancers.sh [BUILD_FOLDER]
set -euo pipefail
cd "$(dirname "$0")/.."

build=$(realpath "${1:-.build/release}")
[ -x "$build/duet" ] || { echo "skipped: balancers ($build has no executables: make build)"; exit 0; }
command -v wrk >/dev/null || { echo "skipped: balancers (wrk is absent)"; exit 0; }
balancers=()
for tool in haproxy nginx; do
    if command -v "$tool" >/dev/null; then balancers+=("$tool"); else echo "skipped: $tool (it is absent)"; fi
done
[ ${#balancers[@]} -gt 0 ] || exit 0

work=$(mktemp -d)
base=$((20000 + RANDOM % 10000))
front=$base gateways=($((base + 1)) $((base + 2))) health=($((base + 3)) $((base + 4)))
pids=(0 0) balancer=0
end() {
    for pid in "$balancer" "${pids[@]}"; do [ "$pid" = 0 ] || kill "$pid" 2>/dev/null || true; done
    "$build/duet" down --dir "$work/data" >/dev/null 2>&1 || true
    wait 2>/dev/null || true
    rm -rf "$work"
}
trap end EXIT
fail() { echo "balancers: $1" >&2; tail -n 5 "$work"/*.log >&2 || true; exit 1; }
answers() { for _ in $(seq 200); do curl -sf -o /dev/null "$1" && return; sleep 0.05; done; fail "$1 doesn't answer"; }

"$build/duet" simulate --people 500 --interactions 10000 --seed 7 --out "$work/people" >/dev/null 2>&1
"$build/duet" up --detach --dir "$work/data" --port "$((base + 5))" --data "$work/people" >"$work/up.log" 2>&1 || fail "$(tail -3 "$work/up.log")"
token=$("$build/duet" token --role service --dir "$work/data" 2>/dev/null | tail -1)
# The gateways under test are further ones of that installation's mesh.
gateway() {
    local arguments
    mapfile -t arguments < <(python3 -c '
import json, sys
places = json.load(open(sys.argv[1]))["places"]
print("DATABASE_URL=" + places["database"], "REDIS_URL=" + places["redis"], sep="\n")' "$work/data/state.json")
    env "${arguments[@]}" MESH_DIR="$work/data/run/mesh" PORT="${gateways[$1]}" HEALTH_PORT="${health[$1]}" REPLICA="test-$1" \
        JWT_HS256_KEY_FILE="$work/data/keys/jwt-hs256.key" "$build/Gateway" 2>>"$work/gateway-$1.log" &
    pids[$1]=$!
    answers "http://127.0.0.1:${health[$1]}/health/ready"
}
# The configuration as it is in deploy/, on this run's ports.
ports() {
    sed -e "s/127.0.0.1:8000/127.0.0.1:$front/" -e "s/127.0.0.1:8001/127.0.0.1:${gateways[0]}/" -e "s/127.0.0.1:8002/127.0.0.1:${gateways[1]}/" \
        -e "s/port 9101/port ${health[0]}/" -e "s/port 9102/port ${health[1]}/" "$1"
}
start() {
    case $1 in
        haproxy)
            ports deploy/haproxy/haproxy.cfg >"$work/haproxy.cfg"
            haproxy -c -q -f "$work/haproxy.cfg" || fail "haproxy refuses its configuration"
            haproxy -db -f "$work/haproxy.cfg" >"$work/haproxy.log" 2>&1 &
            ;;
        nginx)
            ports deploy/nginx/duet.conf >"$work/duet.conf"
            cat >"$work/nginx.conf" <<NGINX
daemon off; pid $work/nginx.pid; worker_processes 1; error_log $work/nginx.log;
events { worker_connections 1024; }
http { access_log off; include $work/duet.conf; }
NGINX
            nginx -t -q -c "$work/nginx.conf" 2>"$work/nginx-test.log" || { cat "$work/nginx-test.log" >&2; fail "nginx refuses its configuration"; }
            nginx -c "$work/nginx.conf" 2>/dev/null &
            ;;
    esac
    balancer=$!
    answers "http://127.0.0.1:$front/api/v1/health/live"
}

for name in "${balancers[@]}"; do
    gateway 0
    gateway 1
    start "$name"
    wrk -t1 -c8 -d8s -H "Authorization: Bearer $token" \
        "http://127.0.0.1:$front/api/v1/recommendations/users/1/recommendations?limit=10" >"$work/load" 2>&1 &
    load=$!
    sleep 2
    kill -KILL "${pids[0]}"  # dies under its requests
    wait "${pids[0]}" 2>/dev/null || true
    sleep 2
    gateway 0                # is back
    sleep 1
    kill -TERM "${pids[1]}"  # drains
    wait "$load"
    wait "${pids[1]}" 2>/dev/null || fail "a gateway didn't drain in order behind $name"
    kill -TERM "${pids[0]}" "$balancer"
    wait "${pids[0]}" "$balancer" 2>/dev/null || true
    pids=(0 0) balancer=0
    requests=$(awk '/requests in/ { print $1 }' "$work/load")
    lost=$(awk '/Non-2xx/ { n += $NF } /Socket errors/ { gsub(",", ""); n += $4 + $6 + $8 + $10 } END { print n + 0 }' "$work/load")
    echo "balancers: $name: $lost of $requests reads lost over a kill, a return and a drain"
    [ "${requests:-0}" -gt 500 ] || fail "too few requests behind $name: $(cat "$work/load")"
    [ "$lost" = 0 ] || { cat "$work/load" >&2; exit 1; }
done
