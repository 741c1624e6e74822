"""Mining that is killed at any moment goes on, and writes the same bytes in the end."""

from __future__ import annotations

import random
import time
from pathlib import Path

import pytest

from tests.scenarios.program import Cli, kill, start

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1500)]

LINES = 9000
KILLS = 4


def write_sides(folder: Path) -> None:
    """Two texts that agree in a third of their lines, in another order."""
    names = ("Anna", "Omar", "Yuki", "Pavel", "Leila", "Kwame")
    lines = [
        f"{names[i % 6]} bought {i} apples for {i * 37 % 1000} coins on day {i * 11 % 365}."
        for i in range(LINES * 5 // 3)
    ]
    random.Random(3).shuffle(lines)
    (folder / "src").write_text("\n".join(lines[:LINES]) + "\n", encoding="utf-8")
    (folder / "trg").write_text("\n".join(lines[:-LINES:-1]) + "\n", encoding="utf-8")


@pytest.mark.parametrize("index", ["flat", "ivf-sq8"])
def test_sigkill_at_random_moments(cli: Cli, tmp_path: Path, index: str) -> None:
    write_sides(tmp_path)
    begin = time.monotonic()
    whole = cli("mine", "src", "trg", "--out", "whole.tsv", "--index", index)
    took = time.monotonic() - begin
    assert whole.returncode == 0, whole.stderr

    broken, moments, kills = tmp_path / "broken.tsv", random.Random(7), 0
    arguments = ["mine", "src", "trg", "--out", broken.name, "--index", index]
    for _ in range(KILLS):
        process = start(arguments, tmp_path)
        time.sleep(moments.uniform(0.3, 0.95) * took)
        kills += kill(process)
        if process.returncode == 0:
            break
        assert not broken.exists()
    assert kills > 0
    last = cli(*arguments)
    assert last.returncode == 0, last.stderr
    assert broken.read_bytes() == (tmp_path / "whole.tsv").read_bytes()
    assert not (tmp_path / "broken.tsv.work").exists()
    assert len(broken.read_text(encoding="utf-8").splitlines()) > LINES // 4
