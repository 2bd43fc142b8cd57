#!/usr/bin/env bash
# Calls over mutual TLS between two hosts: two network namespaces with a link between them, the server's addresses from a name.
# Needs root. usage: dev/netns-mesh.sh
set -euo pipefail
cd "$(dirname "$0")/.."
if [ "$(id -u)" != 0 ] || ! command -v ip >/dev/null || ! command -v openssl >/dev/null; then
    echo "skipped: the test over two network namespaces needs root, ip (iproute2) and openssl"
    exit 0
fi

id=duet$$
server=$id-a client=$id-b
work=$(mktemp -d)
pids=()
finish() {
    for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
    ip netns del "$server" 2>/dev/null || true
    ip netns del "$client" 2>/dev/null || true
    rm -rf "$work" "/etc/netns/$server" "/etc/netns/$client"
}
trap finish EXIT

if ! ip netns add "$server" 2>"$work/error"; then
    echo "skipped: no network namespaces here ($(cat "$work/error"))"
    exit 0
fi
ip netns add "$client"
ip link add "v$$a" netns "$server" type veth peer name "v$$b" netns "$client"
ip -n "$server" addr add 10.91.0.1/24 dev "v$$a"
ip -n "$client" addr add 10.91.0.2/24 dev "v$$b"
ip -n "$server" link set "v$$a" up
ip -n "$client" link set "v$$b" up
ip -n "$server" link set lo up
# `ip netns exec` shows this file as /etc/hosts: the name service of the two hosts.
mkdir -p "/etc/netns/$client"
printf '127.0.0.1 localhost\n10.91.0.1 bench.duet.test\n' >"/etc/netns/$client/hosts"

key=(-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2)
authority() { openssl req -x509 "${key[@]}" -subj "/CN=$1" -keyout "$work/$1.key" -out "$work/$1.pem" 2>/dev/null; }
certificate() { # NAME AUTHORITY
    openssl req -x509 "${key[@]}" -subj "/CN=$1" -addext "subjectAltName=DNS:$1" -CA "$work/$2.pem" -CAkey "$work/$2.key" \
        -keyout "$work/$1.key" -out "$work/$1.crt" 2>/dev/null
    cat "$work/$1.crt" "$work/$1.key" >"$work/$1.pem"
}
authority ca
authority strangers
certificate bench.duet.test ca
certificate caller ca
certificate stranger strangers

swift build --quiet -c release --package-path dev/bench-mesh --product bench-duet
program=$(swift build -c release --package-path dev/bench-mesh --show-bin-path)/bench-duet
export BENCH_AUTHORITY=$work/ca.pem
BENCH_CERTIFICATE=$work/bench.duet.test.pem ip netns exec "$server" "$program" server tls+tcp://10.91.0.1:7400 >"$work/server" &
pids+=($!)
for _ in $(seq 100); do grep -q ready "$work/server" && break || sleep 0.1; done

call() { # CERTIFICATE ADDRESS
    BENCH_CERTIFICATE=$work/$1.pem BENCH_SERVER_NAME=bench.duet.test ip netns exec "$client" timeout 30 "$program" client "$2" 0 8192 8192 4 300
}
failed=0
for address in tls+tcp://bench.duet.test:7400 tls+tcp://10.91.0.1:7400; do
    if call caller "$address" >"$work/out" 2>&1; then echo "$address: $(cat "$work/out")"; else
        echo "$address failed: $(cat "$work/out")" >&2
        failed=1
    fi
done
if call stranger tls+tcp://10.91.0.1:7400 >"$work/out" 2>&1; then
    echo "a stranger's certificate was accepted" >&2
    failed=1
else
    echo "a stranger's certificate: $(tail -1 "$work/out")"
fi
exit "$failed"
