from __future__ import annotations

from pathlib import Path

import pytest

from adapterxlt.report.costs import spent
from adapterxlt.report.read import Run
from adapterxlt.results.training import Training
from tests.report.rows import row

TRAINED = Training("f" * 64, "udpos", "", "seq_bn", 1, 60.0, None, None, ())


def test_a_model_counts_once_for_the_languages_that_it_was_measured_in(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("adapterxlt.report.costs.trained_behind", lambda workdir, cell: [TRAINED])
    measured = (("few.hi", "hi", 60.0), ("again.hi", "hi", 60.0), ("few.th", "th", 50.0))
    rows = tuple(row("direct", code, value, stage=stage) for stage, code, value in measured)
    found = spent([Run(Path("runs"), "few", rows, "few", ())])
    assert [(one.languages, one.score, one.minutes) for one in found.costs] == [
        (("hi",), 60.0, 1.0),
        (("th",), 50.0, 1.0),
    ]
