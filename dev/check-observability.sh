#!/usr/bin/env bash
# Checks deploy/observability: the rules and their unit tests, what every process of a running mesh exports, that rules and dashboards
# name nothing else, and that a real Prometheus and Alertmanager report a fault and its end.
# Usage: dev/check-observability.sh [DIR]     DIR: data folder of an installation that runs; without it one is started and stopped.
set -euo pipefail
cd "$(dirname "$0")/.."

for tool in promtool amtool prometheus prometheus-alertmanager; do
    command -v "$tool" >/dev/null || { echo "$tool is missing: apt-get install prometheus prometheus-alertmanager" >&2; exit 1; }
done
duet=$PWD/.build/release/duet
here=deploy/observability
promtool check config "$here/prometheus.yml" >/dev/null
promtool test rules "$here/rules/tests.yml"
amtool check-config "$here/alertmanager.yml" >/dev/null
untested=$(comm -23 <(sed -n 's/.*- alert: //p' "$here/rules/alerts.yml" | sort) \
    <(sed -n 's/.*- name: \([A-Za-z]*\) fires$/\1/p' "$here/rules/tests.yml" | sort))
[ -z "$untested" ] || { echo "Alerts without a test: $untested" >&2; exit 1; }

directory=${1:-}
if [ -z "$directory" ]; then
    directory=$(mktemp -d)
    trap '"$duet" down --dir "$directory" >/dev/null 2>&1 || true; rm -rf "$directory"' EXIT
    "$duet" up --detach --dir "$directory" --port 0 >/dev/null
fi

python3 dev/check_observability.py "$duet" "$directory" "$here"
