#!/usr/bin/env bash
# Copies Duet's executables, stripped, and beside them the Swift libraries that they load: their run path ends with $ORIGIN.
# Usage: collect.sh BUILD_FOLDER OUT
set -euo pipefail

build=$1 out=$2
mkdir -p "$out"
for name in duet Gateway CandidateSvc FeatureSvc RankingSvc; do
    cp "$build/$name" "$out/$name"
    strip --strip-unneeded "$out/$name"
done
# Only Swift's: the others are packages of the distribution, which keeps them up to date.
ldd "$build"/{duet,Gateway,CandidateSvc,FeatureSvc,RankingSvc} \
    | awk '$3 ~ "/usr/lib/swift/linux/" { print $3 }' | sort -u \
    | while read -r library; do cp -L "$library" "$out/"; done
chmod -R a+rX,go-w "$out"
