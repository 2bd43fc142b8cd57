#!/usr/bin/env bash
# Supply chain: bill of materials with licences, a scan of every committed file for secrets, a scan for known vulnerabilities.
# Usage: dev/check-supply.sh [BUILD_FOLDER]
set -euo pipefail
cd "$(dirname "$0")/.."

build=${1:-.build/release} out=.build-supply
if [ -x "$build/duet" ] && [ -e Package.resolved ]; then
    dev/sbom.py "$build" "$out"
else
    echo "skipped: sbom ($build has no executables: make build)"
fi

if command -v detect-secrets-hook >/dev/null; then
    # Findings that are none, each looked at, stand in the baseline. Hashes of test vectors are what the keyword and entropy rules see.
    baseline=$(mktemp)
    trap 'rm -f "$baseline"' EXIT
    cp deploy/secrets.baseline "$baseline"  # the tool brings line numbers up to date
    git ls-files -z | grep -zvE '^(dev/fuzz/corpus/|deploy/secrets.baseline)' | xargs -0 detect-secrets-hook --no-verify --baseline "$baseline"
    echo "secrets: none in the committed files beyond the baseline"
else
    echo "skipped: secret scan (detect-secrets is absent)"
fi

# Needs a database of vulnerabilities, which these tools fetch: where none can be reached, this step says so and finds nothing out.
scanner=""
for tool in grype trivy osv-scanner; do
    if command -v "$tool" >/dev/null; then scanner=$tool; break; fi
done
if [ -z "$scanner" ]; then
    echo "skipped: known vulnerabilities (no scanner here: grype, trivy or osv-scanner); NOT CHECKED"
elif [ ! -e "$out/sbom.cdx.json" ]; then
    echo "skipped: known vulnerabilities (no bill of materials); NOT CHECKED"
else
    case $scanner in
        grype) update=(grype db update) scan=(grype --fail-on high "sbom:$out/sbom.cdx.json") ;;
        trivy) update=(trivy image --download-db-only) scan=(trivy sbom --skip-db-update --severity HIGH,CRITICAL --exit-code 1 "$out/sbom.cdx.json") ;;
        osv-scanner) update=(true) scan=(osv-scanner scan --sbom "$out/sbom.cdx.json") ;;
    esac
    if timeout 120 "${update[@]}" >/dev/null 2>&1; then
        "${scan[@]}"
    else
        echo "skipped: known vulnerabilities ($scanner can't reach its database); NOT CHECKED"
    fi
fi
