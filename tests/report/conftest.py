"""A study of made-up results."""

from __future__ import annotations

import pytest

from adapterxlt.report.comparisons import Comparison, compared
from adapterxlt.report.read import Run, read_runs
from adapterxlt.report.systems import Key
from tests.report.made_up import study

Made = tuple[list[Run], dict[Key, Comparison]]


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    folder = tmp_path_factory.mktemp("study")
    study(folder, intermediates=("none", "mnli", "squad", "mixed"), targets=("sib200", "pawsx"),
          languages=("en", "de", "ru", "sw"), seeds=(1, 2), examples=300, layers=2)  # fmt: skip
    runs = read_runs((folder,), print)
    return runs, compared(runs, resamples=1000)
