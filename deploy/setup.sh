#!/usr/bin/env bash
# Installs the Debian packages that Duet builds with and runs on. Installs nothing when nothing is missing.
# Usage: deploy/setup.sh [--dev] [--observability] [--page]
#   --dev adds what tests, benchmarks and code generation need, --observability what checks rules and alerts, --page a browser.
set -euo pipefail

wants() { [[ " $options " == *" $1 "* ]]; }
options="$*"

packages=(
    libhiredis-dev libnng-dev libopenblas-dev libpq-dev libprotobuf-c-dev  # linked
    pkg-config curl ca-certificates                                        # building, trying out
    postgresql redis-server                                                # the private stores of `duet up`
)
if wants --observability; then packages+=(prometheus prometheus-alertmanager); fi
if wants --page; then packages+=(chromium fonts-dejavu-core); fi
if wants --dev; then
    packages+=(faketime iproute2 libprotobuf-dev openssl protobuf-c-compiler protobuf-compiler wrk)
fi

# Swagger UI comes from PyPI; any Python with pip will do.
python3 -m pip --version >/dev/null 2>&1 || packages+=(python3-pip)

if wants --dev; then
    python3 -c 'import ensurepip, venv' 2>/dev/null || packages+=(python3-venv)  # for the tools that check the API
fi

missing=()
for package in "${packages[@]}"; do
    dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed || missing+=("$package")
done

if [ ${#missing[@]} -gt 0 ]; then
    if [ "$(id -u)" = 0 ]; then
        as_root=()
    elif command -v sudo >/dev/null && { sudo -n true 2>/dev/null || [ -t 0 ]; }; then
        as_root=(sudo)
    else
        echo "Duet needs these Debian packages and can't install them without root or sudo:" >&2
        echo "    apt-get install ${missing[*]}" >&2
        exit 1
    fi
    echo "Installing ${missing[*]}"
    # The packages must not start servers of their own: Duet runs private ones.
    "${as_root[@]}" mkdir -p /etc/postgresql-common
    if [ ! -e /etc/postgresql-common/createcluster.conf ]; then
        echo "create_main_cluster = false" | "${as_root[@]}" tee /etc/postgresql-common/createcluster.conf >/dev/null
    fi
    if [ -d /run/systemd/system ] && ! dpkg-query -W redis-server >/dev/null 2>&1; then
        "${as_root[@]}" systemctl mask redis-server.service >/dev/null 2>&1 || true
    fi
    export DEBIAN_FRONTEND=noninteractive
    "${as_root[@]}" apt-get update -qq
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
fi

if ! command -v swift >/dev/null; then
    echo "Duet needs Swift 6.3 or later on the PATH." >&2
    exit 1
fi
version=$(swift --version 2>/dev/null | sed -n 's/.*Swift version \([0-9]*\.[0-9]*\).*/\1/p' | head -1)
if [ "$(printf '%s\n' 6.3 "${version:-0}" | sort -V | head -1)" != 6.3 ]; then
    echo "Duet needs Swift 6.3 or later; this is Swift ${version:-of an unknown version}." >&2
    exit 1
fi

"$(dirname "$0")/fetch-swagger-ui.sh"

# What a test reads exported traces with.
if wants --dev; then
    tools=$(dirname "$0")/../.build/trace-tools
    if [ ! -e "$tools/bin/python3" ] || ! "$tools/bin/python3" -c 'import opentelemetry.proto' 2>/dev/null; then
        python3 -m venv "$tools"
        "$tools/bin/pip" install --quiet --disable-pip-version-check opentelemetry-proto==1.45.2
    fi
fi
