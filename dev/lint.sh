#!/usr/bin/env bash
# Formatting, generated code, and the rules that a compiler doesn't check. Prints every finding; exit status 1 when there is one.
set -uo pipefail
cd "$(dirname "$0")/.."
failed=0
fail() { echo "$1" >&2; failed=1; }

mapfile -t sources < <(git ls-files '*.swift' | grep -vE '/Generated/')
swift format lint --strict --parallel "${sources[@]}" || fail "Formatting differs: run 'make format'."

dev/check-generated-code.sh || fail "Generated code differs from protos/: run 'make generate'."

# Nobody but the targets that wrap C touches unsafe memory. (A content policy has a word of that name, too.)
allowed='^Sources/Shared/(DataExchange|LinearMath|Mesh|MeshAPI|Postgres|Reactor|Redis|ServiceRuntime|Telemetry|Training|VectorIndex)/'
# System calls, and the bytes of an answer.
allowed+='|^Sources/CLI/|^Sources/Gateway/(Core/HTTP|Core/JSON|Main)/|^Sources/Shared/Domain/Timestamp.Now|^Tests/|^dev/|^Package.swift'
git grep -nw unsafe -- '*.swift' | grep -v "'unsafe-inline'" | cut -d: -f1 | sort -u | grep -vE "$allowed" && fail "'unsafe' stands outside the targets that wrap C."

git grep -nE 'TODO|FIXME|XXX' -- Sources Tests dev protos deploy ':!dev/lint.sh' ':!dev/fuzz/corpus' ':!dev/mesh-gen/Sources/CDescriptor' && fail "Unfinished places."
git grep -nE 'try!|fatalError\(' -- 'Sources/*.swift' && fail "Crashing calls in Sources."
git grep -nE '@testable' -- '*.swift' && fail "Tests run on the release build: use package access."

if [ "$failed" = 0 ]; then echo "lint: no finding in ${#sources[@]} files"; fi
exit "$failed"
