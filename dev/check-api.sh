#!/usr/bin/env bash
# Holds a running mesh against its own description: the document is valid OpenAPI, and schemathesis, with every check and following the
# document's links, finds nothing as a service, an administrator or a user. Builds first; everything it starts ends with it.
# Usage: dev/check-api.sh [examples an operation, 40]
set -euo pipefail
cd "$(dirname "$0")/.."

examples=${1:-40}
tools=.build/api-tools
if [ ! -x $tools/bin/schemathesis ]; then
    python3 -m venv $tools
    $tools/bin/pip install --quiet --disable-pip-version-check openapi-spec-validator==0.9.0 schemathesis==4.32.5
fi
dev/build.sh

folder=$(mktemp -d)
port=$((20000 + RANDOM % 20000))
finish() {
    .build/release/duet down --dir "$folder/store" >/dev/null 2>&1 || true
    rm -rf "$folder"
}
trap finish EXIT
# Rates would hide what is looked for; they have tests of their own.
export RATE_LIMIT_USER_PER_SECOND=0 RATE_LIMIT_ADDRESS_PER_SECOND=0 REQUEST_BUDGET_MS=3000
.build/release/duet simulate --people 400 --interactions 8000 --seed 7 --out "$folder/data" >/dev/null
.build/release/duet up --detach --dir "$folder/store" --port $port --data "$folder/data" >"$folder/up.log" 2>&1 || {
    cat "$folder/up.log" >&2
    exit 1
}
mint() { .build/release/duet token --dir "$folder/store" "$@" | tail -1; }

curl -sS "http://127.0.0.1:$port/openapi.json" -o "$folder/openapi.json"
$tools/bin/openapi-spec-validator "$folder/openapi.json" >"$folder/validator.log" 2>&1 || {
    cat "$folder/validator.log" >&2
    exit 1
}
echo "openapi-spec-validator: the document is valid"

failed=0
for role in service admin user; do
    subject=$([ $role = user ] && echo 7 || echo fuzzer)
    DUET_TOKEN=$(mint --role $role --sub "$subject")
    export DUET_TOKEN
    # One worker: in several threads Python 3.11's own parser fails now and then.
    if PYTHONPATH=dev PYTHONDONTWRITEBYTECODE=1 SCHEMATHESIS_HOOKS=schemathesis_hooks \
        $tools/bin/schemathesis --config-file dev/schemathesis.toml run "http://127.0.0.1:$port/openapi.json" --checks all \
        --max-examples "$examples" --seed 1 --workers 1 --no-color >"$folder/$role.log" 2>&1; then
        echo "schemathesis as $role: $(grep -E '^ *[0-9,]+ (generated|test cases)|Test cases|generated' "$folder/$role.log" | tail -1 | sed 's/^ *//')"
    else
        failed=1
        echo "schemathesis as $role found something:" >&2
        sed -n '/ \(FAILURES\|ERRORS\) /,$p' "$folder/$role.log" | cut -c1-400 >&2
    fi
done
exit $failed
