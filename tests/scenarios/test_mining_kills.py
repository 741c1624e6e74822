"""Mining that is killed at any moment goes on, and writes the same bytes in the end."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.scenarios.program import Cli, count_events, killed_at

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1500)]

LINES = 9000


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
    command = ["mine", "src", "trg", "--index", index, "--out"]
    events = count_events([*command, "whole.tsv"], tmp_path, tmp_path)
    whole = (tmp_path / "whole.tsv").read_bytes()

    broken, moments = tmp_path / "broken.tsv", random.Random(7)
    arguments = [*command, broken.name]
    assert killed_at(events // 2, arguments, tmp_path, tmp_path)
    assert not broken.exists()
    for late in (0, 0.3, 0, 0.3):  # at something done to a file, and between such things
        number = moments.randint(1, events * 2 // 3)
        if not killed_at(number, arguments, tmp_path, tmp_path, late=late):
            break
        assert not broken.exists() or broken.read_bytes() == whole
    last = cli(*arguments)
    assert last.returncode == 0, last.stderr
    assert broken.read_bytes() == whole
    assert not (tmp_path / "broken.tsv.work").exists()
    assert len(broken.read_text(encoding="utf-8").splitlines()) > LINES // 4
