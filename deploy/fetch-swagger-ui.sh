#!/usr/bin/env bash
# Puts the two files of Swagger UI that the gateway carries into its source folder: from PyPI, one version, checked against its digest.
# Does nothing when they are there. Usage: deploy/fetch-swagger-ui.sh
set -euo pipefail
cd "$(dirname "$0")/.."

version=5.31.0
digest=ad8484399c8da2868db86080bcd89bd3209d8efb69159a2c0145766da8968112
assets=Sources/Gateway/CSwaggerUI/assets

if [ -s $assets/swagger-ui-bundle.js.gz ] && [ -s $assets/swagger-ui.css.gz ] && [ "$(cat $assets/version 2>/dev/null)" = $version ]; then
    exit 0
fi
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
echo "swagger-ui-bundle-v2==$version --hash=sha256:$digest" >"$folder/requirements.txt"
python3 -m pip download --quiet --disable-pip-version-check --no-deps --only-binary :all: --require-hashes \
    --requirement "$folder/requirements.txt" --dest "$folder"
python3 - "$folder" $assets $version <<'PYTHON'
import gzip
import pathlib
import sys
import zipfile

folder, assets, version = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), sys.argv[3]
wheel = zipfile.ZipFile(next(folder.glob("*.whl")))
for name in ("swagger-ui-bundle.js", "swagger-ui.css"):
    content = wheel.read(f"swagger_ui_bundle/vendor/swagger-ui-{version}/{name}")
    # Without a time in it, the same content is the same file.
    (assets / f"{name}.gz").write_bytes(gzip.compress(content, 9, mtime=0))
(assets / "version").write_text(version)
PYTHON
