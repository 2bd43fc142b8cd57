#!/usr/bin/env bash
# Opens the operator's page in headless Chromium against a running mesh: every control is used, every number is compared with the API's,
# at 1440 and 390 pixels, in light and dark, by keyboard, with an empty store, and with a service that is gone.
# Usage: dev/check-page.sh [FOLDER for the screenshots]     Everything it starts ends with it.
set -euo pipefail
cd "$(dirname "$0")/.."

tools=.build/page-tools
if ! [ -x $tools/bin/python ] || ! $tools/bin/python -c 'import playwright' 2>/dev/null; then
    python3 -m venv $tools
    $tools/bin/pip install --quiet --disable-pip-version-check playwright==1.55.0
fi
command -v chromium >/dev/null || { echo "chromium is missing: apt-get install chromium" >&2; exit 1; }
dev/build.sh

shots=${1:-}
folder=$(mktemp -d)
finish() {
    for store in store empty; do .build/release/duet down --dir "$folder/$store" >/dev/null 2>&1 || true; done
    rm -rf "$folder"
}
trap finish EXIT
[ -n "$shots" ] || shots=$folder/shots
mkdir -p "$shots"
.build/release/duet simulate --people 600 --interactions 12000 --seed 7 --out "$folder/data" >/dev/null
up() {
    .build/release/duet up --detach --dir "$folder/$1" --port 0 "${@:2}" >"$folder/$1.log" 2>&1 || { cat "$folder/$1.log" >&2; exit 1; }
}
up store --data "$folder/data"
# A second version, so that there is something to compare, activate and roll back.
.build/release/duet train --dir "$folder/store" --force --seed 3 >/dev/null
up empty --empty
$tools/bin/python dev/check_page.py "$PWD/.build/release/duet" "$folder/store" "$folder/empty" "$shots"
