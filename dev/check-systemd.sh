#!/usr/bin/env bash
# Verifies deploy/systemd: no unknown or misspelt setting, all programs and units there, and an exposure below the threshold for each service.
set -euo pipefail
cd "$(dirname "$0")/.."

threshold=15 # of 100: "OK" begins below 50, "SAFE" below 20
command -v systemd-analyze >/dev/null || { echo "skipped: systemd units (systemd-analyze is absent)"; exit 0; }

# A root of its own, so that what is verified is what is in this folder and the programs are where the units say.
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
units=$root/etc/systemd/system
mkdir -p "$units" "$root/usr/lib/duet" "$root/usr/bin" "$root/bin" "$root/usr/lib/systemd/system"
cp -r deploy/systemd/*.service deploy/systemd/*.socket deploy/systemd/*.target deploy/systemd/*.timer deploy/systemd/duet-.service.d "$units/"
cp /lib/systemd/system/{network-online,network,sysinit,basic,sockets,timers,shutdown,multi-user}.target "$root/usr/lib/systemd/system/" 2>/dev/null || true
for program in usr/lib/duet/{duet,Gateway,CandidateSvc,FeatureSvc,RankingSvc} usr/bin/curl bin/rm; do
    printf '#!/bin/sh\n' >"$root/$program"
    chmod +x "$root/$program"
done

services=(duet-feature@1 duet-candidate@1 duet-ranking@1 duet-gateway@1 duet-migrate duet-train)
names=("${services[@]/%/.service}" duet-gateway.socket duet-train.timer duet.target)
# It exits 0 in spite of unknown settings: what it says is what counts.
said=$(systemd-analyze verify --root="$root" --man=no --generators=no "${names[@]/#/"$units"/}" 2>&1 | grep -E 'duet' || true)
[ -z "$said" ] || { echo "$said" >&2; exit 1; }

for service in "${services[@]}"; do
    file="$units/$service.service"
    [ -e "$file" ] || cp "$units/${service%@*}@.service" "$file"
    exposure=$(systemd-analyze security --offline=true --root="$root" --threshold="$threshold" --no-pager "$service.service" 2>&1) \
        || { echo "$exposure" | grep -vE '^✓' >&2; exit 1; }
    echo "systemd: $(tail -1 <<<"$exposure" | sed 's/.*Overall exposure/exposure/; s/ [^ ]*$//')"
done
