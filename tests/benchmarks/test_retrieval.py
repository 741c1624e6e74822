"""Every retrieval benchmark runs to its end at a small size; its figures are not judged here."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("script", "arguments", "said"),
    [
        ("mining", "--n 2048 --rounds 1", "the same"),
        ("encoding", "--languages 2 --lines 20 --rounds 1", "padded/real"),
        ("tatoeba", "--languages 1 --threads 1", "text to figures"),
        ("memory", "--n 2000 --memory 2GB", "peak memory"),
        ("auto", "--n 1200 --exact-rows 300 --threads 1 --index ivf-flat", "recall@1"),
    ],
)
def test_benchmarks_run(script: str, arguments: str, said: str, real_data: Path) -> None:
    done = subprocess.run(
        [sys.executable, f"benchmarks/retrieval/{script}.py", *arguments.split()],
        cwd=CHECKOUT,
        env={**os.environ, "ADAPTERXLT_DATA": str(real_data)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert said in done.stdout
    assert "aim" in done.stdout
