"""Output streams that lack characters: never a reason to fail."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

NAME = "Łódź 文 😀"


def run(folder: Path, encoding: str, *arguments: object) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "adapterxlt", *map(str, arguments)],
        cwd=folder,
        capture_output=True,
        check=False,
        env={**os.environ, "PYTHONIOENCODING": encoding, "OMP_NUM_THREADS": "1"},
    )


@pytest.mark.parametrize("encoding", ["cp1252", "ascii", "latin-1:strict"])
def test_names_that_cannot_be_printed_are_escaped(tmp_path: Path, encoding: str) -> None:
    (tmp_path / NAME).mkdir()
    listed = run(tmp_path, encoding, "artifact", "list", NAME)
    assert listed.returncode == 0, listed.stderr
    assert b"no artifacts" in listed.stdout
    missing = run(tmp_path, encoding, "report", NAME)
    assert missing.returncode == 2
    assert b"there is no such file" in missing.stderr
    found = run(tmp_path, encoding, "artifact", "list", NAME, "--json")
    assert json.loads(found.stdout)["path"] == NAME


@pytest.mark.parametrize("encoding", ["cp1252", "ascii"])
def test_every_list_and_help_is_printed(tmp_path: Path, encoding: str) -> None:
    for arguments in (["--help"], ["list", "tasks"], ["list", "recipes"]):
        done = run(tmp_path, encoding, *arguments)
        assert done.returncode == 0, done.stderr
        assert b"Error" not in done.stderr
