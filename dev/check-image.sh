#!/usr/bin/env bash
# Builds the runtime stage of deploy/Dockerfile with buildah, without an engine and without a registry of images, from executables that are
# built already; then starts what is in the image. The base is made by mmdebstrap and kept in .build-image.
# Usage: dev/check-image.sh [BUILD_FOLDER]
set -euo pipefail
cd "$(dirname "$0")/.."

build=${1:-.build/release}
for tool in buildah mmdebstrap; do
    command -v "$tool" >/dev/null || { echo "skipped: image ($tool is absent)"; exit 0; }
done
[ -x "$build/duet" ] || { echo "skipped: image ($build has no executables: make build)"; exit 0; }
[ "$(id -u)" = 0 ] || { echo "skipped: image (chroot isolation needs root)"; exit 0; }

work=$(mktemp -d)
container=""
trap '[ -z "$container" ] || "${buildah[@]}" rm "$container" >/dev/null; rm -rf "$work"' EXIT
cache=.build-image
buildah=(buildah --root "$PWD/$cache/store" --runroot "$work/run" --storage-driver vfs)
mkdir -p "$cache"

if ! "${buildah[@]}" inspect --type image localhost/duet-base >/dev/null 2>&1; then
    [ -e "$cache/base.tar" ] || mmdebstrap --quiet --variant=minbase bookworm "$cache/base.tar"
    container=$("${buildah[@]}" from scratch)
    "${buildah[@]}" add --quiet "$container" "$cache/base.tar" / >/dev/null
    "${buildah[@]}" commit --quiet "$container" localhost/duet-base >/dev/null
    "${buildah[@]}" rm "$container" >/dev/null
    container=""
    rm "$cache/base.tar"
fi

# The first stage compiles for many minutes with a toolchain's image: here its result is put in its place. The second is the file's own.
mkdir -p "$work/context/deploy"
cp -r deploy/image "$work/context/deploy/"
deploy/image/collect.sh "$build" "$work/context/out"
{
    echo "ARG RUNTIME_IMAGE"
    echo "FROM scratch AS build"
    echo "COPY out /out"
    sed -n '/^FROM .* AS runtime$/,$p' deploy/Dockerfile
} >"$work/Dockerfile"
"${buildah[@]}" build --quiet --format docker --isolation chroot --pull=never \
    --build-arg RUNTIME_IMAGE=localhost/duet-base --file "$work/Dockerfile" --tag localhost/duet "$work/context" >"$work/log" 2>&1 \
    || { tail -20 "$work/log" >&2; exit 1; }

fail() { echo "image: $1" >&2; exit 1; }
configuration=$("${buildah[@]}" inspect --type image localhost/duet)
python3 - "$configuration" <<'PYTHON' || fail "wrong configuration"
import json, sys
configuration = json.loads(sys.argv[1])["Docker"]["config"]
assert configuration["User"] == "10001:10001"
assert configuration["Entrypoint"] == ["duet-entrypoint"] and configuration["Cmd"] == ["gateway"]
assert configuration["Healthcheck"]["Test"] == ["CMD", "duet-health"]
assert set(configuration["ExposedPorts"]) == {"8000/tcp", "9000/tcp"}
PYTHON

container=$("${buildah[@]}" from --pull-never localhost/duet)
run() { "${buildah[@]}" run --isolation chroot "$container" -- "$@"; }
[ "$(run id -u)" = 10001 ] || fail "runs as root"
missing=$(run sh -c 'ldd /usr/lib/duet/* 2>/dev/null | grep "not found"; true' | sort -u)
[ -z "$missing" ] || fail "libraries are missing: $missing"
for service in gateway candidate ranking feature; do
    run duet-entrypoint "$service" --help | grep DATABASE_URL >/dev/null || fail "$service --help says nothing"
    refusal=$(run env -u MESH_DIR duet-entrypoint "$service" 2>&1) && fail "$service starts without its settings"
    grep -q "DATABASE_URL is not set" <<<"$refusal" || fail "$service ends with: $refusal"
done
run duet-entrypoint --help | grep "Start everything" >/dev/null || fail "duet --help says nothing"
run sh -c 'touch /usr/lib/duet/new' 2>/dev/null && fail "the programs' folder can be written"
run duet-health 2>/dev/null && fail "the health check passes where nothing runs"
# A service lives before its stores do; SIGTERM to the entry point's process is the service's own.
ending=$(run env HEALTH_PORT="$((20000 + RANDOM % 20000))" DATABASE_URL=postgresql://nowhere.invalid/duet sh -c '
    duet-entrypoint candidate 2>/tmp/log &
    for attempt in $(seq 100); do duet-health /health/live 2>/dev/null && break; sleep 0.1; done
    duet-health /health/live && ! duet-health /health/ready && kill -TERM $! && wait $!
    echo "status $?, logged: $(grep -c Draining /tmp/log)"')
[ "$ending" = "status 0, logged: 1" ] || fail "candidate didn't live and end in order: $ending"

root=$("${buildah[@]}" mount "$container")
echo "image: 4 services and duet run as user 10001, health check and SIGTERM work; $(du -sm --apparent-size "$root" | cut -f1) MiB," \
    "of which Duet $(du -sm --apparent-size "$root/usr/lib/duet" | cut -f1) MiB"
