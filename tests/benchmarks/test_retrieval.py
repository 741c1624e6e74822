"""Every retrieval benchmark runs to its end at a small size; its figures are not judged here."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]
# What each is given, and what it says.
SCRIPTS = {
    "mining": ("--n 2048 --rounds 1", "the same"),
    "encoding": ("--languages 2 --lines 20 --rounds 1", "padded/real"),
    "tatoeba": ("--languages 1 --threads 1", "text to figures"),
    "auto": ("--n 1200 --exact-rows 300 --threads 1 --index ivf-flat", "recall@1"),
    # The last one, as it puts other functions in the place of some of the project's.
    "memory": ("--n 2000 --memory 2GB", "peak memory"),
}
# One after the other in one process: importing torch takes longer than most of them.
PROGRAM = """
import runpy, sys
for command in sys.argv[1:]:
    sys.argv = command.split()
    print("==", sys.argv[0])
    runpy.run_path(sys.argv[0], run_name="__main__")
"""


@pytest.mark.slow
def test_benchmarks_run(tmp_path: Path, real_data: Path) -> None:
    for name in ("tatoeba", "tydiqa"):  # `auto` reads all that there is
        (tmp_path / name).symlink_to(real_data / name)
    commands = [
        f"benchmarks/retrieval/{script}.py {arguments}"
        for script, (arguments, _) in SCRIPTS.items()
    ]
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *commands],
        cwd=CHECKOUT,
        env={**os.environ, "ADAPTERXLT_DATA": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    outputs = done.stdout.split("== ")[1:]
    assert len(outputs) == len(SCRIPTS)
    for (script, (_, said)), output in zip(SCRIPTS.items(), outputs, strict=True):
        assert script in output.splitlines()[0]
        assert said in output
        assert "aim" in output
