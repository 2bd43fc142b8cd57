#!/bin/sh
# Regenerates the mesh's stubs into a temporary folder and compares them with the committed ones.
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

"$root/dev/generate-protos.sh" "$work"
status=0
for folder in Sources/Shared/MeshAPI/Generated Sources/Shared/CMeshMessages; do
    diff -ru "$root/$folder" "$work/$folder" || status=1
done
[ "$status" -eq 0 ] || echo "check-generated-code: run dev/generate-protos.sh and commit what it changes" >&2
exit "$status"
