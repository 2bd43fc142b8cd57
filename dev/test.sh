#!/usr/bin/env bash
# Builds and runs all tests, one test target after the other, each in a process of its own: targets that kill servers, freeze processes
# or fill both cores don't disturb the clocks of the others. With arguments: only those targets.
set -uo pipefail
cd "$(dirname "$0")/.."

flags=(-c release --disable-testable-imports)
targets=("$@")
if [ ${#targets[@]} -eq 0 ]; then
    mapfile -t targets < <(ls -d Tests/*Tests | xargs -n1 basename | grep -vx EndToEndTests)
    targets+=(EndToEndTests)
fi

log=$(mktemp)
trap 'rm -f "$log"' EXIT
passed=0 failed=0 broken=()
build=()
limit=3600 # The first run builds, from nothing on a new machine.
for target in "${targets[@]}"; do
    timeout "$limit" swift test "${flags[@]}" "${build[@]}" --filter "^$target\\." >"$log" 2>&1
    status=$?
    build=(--skip-build) limit=300
    summary=$(grep -E 'Test run with [0-9]+ tests?' "$log" | tail -1)
    count=$(sed -n 's/.*Test run with \([0-9]*\) tests\{0,1\}.*/\1/p' <<<"$summary")
    grep -E 'skipped:' "$log" | sort -u
    if [ "$status" -eq 0 ] && [ "${count:-0}" -gt 0 ]; then
        passed=$((passed + count))
        echo "$target: ${summary#* }"
    else
        failures=$(grep -cE '^. Test .* failed after' "$log")
        failed=$((failed + (failures > 0 ? failures : 1)))
        passed=$((passed + (${count:-0} > failures ? ${count:-0} - failures : 0)))
        broken+=("$target")
        echo "$target: failed (exit status $status)"
        grep -E '✘|error:|↳|Fatal|crash' "$log" | cut -c1-600 | head -60
        if [ -z "$summary" ]; then
            echo "What was running when it ended:"
            tail -20 "$log"
        fi
        [ "$target" = "${targets[0]}" ] && [ -z "$summary" ] && break # Nothing was built.
    fi
done
[ ${#broken[@]} -eq 0 ] || echo "Failed: ${broken[*]}"
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
