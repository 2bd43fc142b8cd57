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
failures_log=$(mktemp)
trap 'rm -f "$log" "$failures_log"' EXIT
passed=0 failed=0
# Builds everything and runs nothing; from nothing on a new machine.
if ! timeout 3600 swift test "${flags[@]}" --filter '^$' >"$log" 2>&1; then
    grep -E 'error:' "$log" | sort -u | head -40
    tail -20 "$log"
    echo "0 passed, 1 failed"
    exit 1
fi

# Runs one target into the log, no longer than any target may take.
run() { timeout "${TEST_TIME_LIMIT:-200}" swift test "${flags[@]}" --skip-build --filter "^$1\\." >"$log" 2>&1; }

for target in "${targets[@]}"; do
    run "$target"
    status=$?
    if [ "$status" -eq 124 ]; then
        echo "$target: hung; what it had said:"
        tail -5 "$log"
    fi
    summary=$(grep -E 'Test run with [0-9]+ tests?' "$log" | tail -1)
    count=$(sed -n 's/.*Test run with \([0-9]*\) tests\{0,1\}.*/\1/p' <<<"$summary")
    grep -E 'skipped:' "$log" | sort -u
    if [ "$status" -eq 0 ] && [ "${count:-0}" -gt 0 ]; then
        passed=$((passed + count))
        echo "$target: ${summary#* }"
    else
        failures=$(grep -E '^. Test .* failed after' "$log" | grep -vc 'Test run with')
        failed=$((failed + (failures > 0 ? failures : 1)))
        passed=$((passed + (${count:-0} > failures ? ${count:-0} - failures : 0)))
        # Said at once for who watches, and again at the end for who reads the last lines only.
        {
            echo "$target: failed (exit status $status)"
            grep -E '✘|error:|↳|Fatal|crash' "$log" | grep -vE '↳ (Testing Library|Target Platform)' | cut -c1-600 | head -60
            if [ -z "$summary" ]; then
                echo "What was running when it ended:"
                tail -20 "$log"
            fi
        } | tee -a "$failures_log"
    fi
done
if [ "$failed" -gt 0 ]; then
    echo "Failures:"
    cat "$failures_log"
fi
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
