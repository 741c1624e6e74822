#!/usr/bin/env bash
# All checks and measurements on a GPU: benchmarks/gpu/run.sh [OUT]
#
# Needs a Python with torch for the GPU and no network. Packages that are missing there, or there in
# other versions, are taken from the wheels in benchmarks/gpu/wheels (made by wheels.sh, elsewhere).
# Prints two tables and leaves OUT/check.json and OUT/speed.json. Under six minutes on one card.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
out=${1:-gpu-results}
mkdir -p "$out"
export PYTHONPATH="$here/../..${PYTHONPATH:+:$PYTHONPATH}" PYTHONUNBUFFERED=1 HF_HUB_OFFLINE=1
if compgen -G "$here/wheels/*.whl" >/dev/null; then
    site=$(mktemp -d)
    trap 'rm -rf "$site"' EXIT
    python3 -m pip install -q --no-index --no-deps --no-compile --target "$site" "$here"/wheels/*.whl
    export PYTHONPATH="$site:$PYTHONPATH"
fi
status=0
python3 "$here/check.py" --out "$out/check.json" || status=$?
python3 "$here/speed.py" --out "$out/speed.json" || status=$?
exit "$status"
