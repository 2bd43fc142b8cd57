#!/usr/bin/env bash
# Renders each overlay of deploy/kubernetes and checks it against the API's schemas and against what Duet needs of a cluster.
set -euo pipefail
cd "$(dirname "$0")/.."

command -v kubectl >/dev/null || { echo "skipped: Kubernetes (kubectl is absent)"; exit 0; }
rendered=$(mktemp --suffix .yaml)
trap 'rm -f "$rendered"' EXIT
for overlay in deploy/kubernetes/overlays/*/; do
    kubectl kustomize "$overlay" >"$rendered"
    python3 dev/check-kubernetes.py <"$rendered"
    schemas="skipped: their schemas (kubernetes-validate is absent)"
    if command -v kubernetes-validate >/dev/null; then
        said=$(kubernetes-validate --strict "$rendered" 2>&1) || { echo "$said" >&2; exit 1; }
        schemas="$(grep -c passed <<<"$said") objects valid against $(sed -n 's/.*against version \(.*\)/API \1/p' <<<"$said" | head -1)"
    fi
    echo "kubernetes: $(basename "$overlay"): $schemas"
done
