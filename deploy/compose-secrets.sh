#!/usr/bin/env bash
# Makes the secrets that compose.yaml wants, once: passwords in .env, the tokens' key in .duet-secrets. Neither is in the repository.
set -euo pipefail
cd "$(dirname "$0")/.."
umask 077

random() { head -c 32 /dev/urandom | od -An -tx1 | tr -d ' \n'; }
touch .env
for name in DUET_DATABASE_PASSWORD DUET_REDIS_PASSWORD; do
    grep -q "^$name=" .env || echo "$name=$(random)" >>.env
done
mkdir -p .duet-secrets
[ -e .duet-secrets/jwt-hs256.key ] || random >.duet-secrets/jwt-hs256.key
# The container's user reads the key through a mount that keeps this file's mode; the folder keeps others of this machine out.
chmod 0444 .duet-secrets/jwt-hs256.key
