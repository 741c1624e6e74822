#!/usr/bin/env bash
# Fetch what a machine with a GPU needs beside torch: benchmarks/gpu/wheels.sh [PYTHON_VERSION]
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
platforms=()
for tag in manylinux_2_28 manylinux_2_27 manylinux_2_17 manylinux2014 manylinux1; do
    platforms+=(--platform "${tag}_x86_64")
done
python3 -m pip download -q --no-deps --only-binary=:all: --implementation cp \
    --python-version "${1:-3.12}" "${platforms[@]}" \
    --constraint "$here/../../constraints.txt" --dest "$here/wheels" \
    adapters transformers tokenizers huggingface-hub accelerate pydantic pydantic-core \
    annotated-types typing-inspection rich markdown-it-py mdurl pygments filelock click
