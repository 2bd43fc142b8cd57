#!/usr/bin/env bash
# The tests under the thread and the address sanitizer, each in a build folder of its own (debug: findings name their lines).
# Usage: dev/sanitize.sh [thread|address] [test target…]
set -euo pipefail
cd "$(dirname "$0")/.."
kinds=${1:-thread address}
filters=()
for target in "${@:2}"; do filters+=(--filter "^$target\\."); done
for kind in $kinds; do
    echo "== $kind sanitizer"
    folder=.build-$kind
    swift build --build-tests --sanitize="$kind" --scratch-path "$folder"
    preload=
    if [ "$kind" = thread ]; then
        export THREAD_SANITIZER=1
        preload=$PWD/$folder/swift-mutex.so
        clang -O2 -shared -fPIC -o "$preload" dev/sanitize/swift-mutex.c
    fi
    [ "$kind" = thread ] || unset THREAD_SANITIZER
    # A test can print "passed" and the run still fail: the exit status decides.
    LD_PRELOAD=$preload swift test --skip-build --sanitize="$kind" --scratch-path "$folder" --no-parallel --skip EndToEndTests "${filters[@]}"
done
