"""`compare`, and reports that compare what a user asks for."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import adapterxlt as xlt
from tests.report.measured import Measured


def runs(folder: Path, **models: int) -> Path:
    """A work folder of models with so many right answers of a hundred; `direct` is the baseline."""
    folder.mkdir()
    work = Measured(folder)
    for name, right in models.items():
        share = {code: np.arange(100) < right for code in ("de", "sw")}
        work.add(name, f"{folder} {name}", share, setup=f"{folder} {name}")
    return work.save()


def test_two_models_of_one_folder(tmp_path: Path) -> None:
    folder = runs(tmp_path / "runs", direct=50, nli=60, qa=75)
    found = xlt.compare("qa", "nli", folder)
    [one] = found
    assert isinstance(one, xlt.Comparison)
    assert (one.model, one.baseline, one.task, one.languages) == (
        "qa",
        "nli",
        "pawsx",
        ("de", "sw"),
    )
    assert (one.points, one.verdict, one.examples, one.asked) == (15.0, "better", 200, True)
    assert one.p < one.p_corrected < 0.05  # for the comparisons with the baseline too
    assert repr(found).startswith("qa vs nli on pawsx dev: better, +15.0 points [")
    assert found._repr_html_().startswith("<ul><li>qa vs nli on pawsx dev: better, +15.0 points [")
    assert "<p><small>[low, high] is the 95 % interval" in found._repr_html_()


def test_what_the_recipe_compares_is_not_doubled(tmp_path: Path) -> None:
    [one] = xlt.compare("nli", "direct", [runs(tmp_path / "runs", direct=50, nli=60)])
    assert (one.points, one.asked) == (10.0, False)
    assert one.p == one.p_corrected


def test_models_of_several_folders(tmp_path: Path) -> None:
    folders = [runs(tmp_path / "a", direct=50), runs(tmp_path / "b", direct=70)]
    [one] = xlt.compare(f"{folders[1]}:direct", f"{folders[0]}:direct", folders)
    assert one.points == 20.0


def test_errors_name_the_function(tmp_path: Path) -> None:
    folder = runs(tmp_path / "runs", direct=50, nli=60)
    with pytest.raises(xlt.errors.UsageError, match=r"^compare: no model is called `nil`"):
        xlt.compare("nil", "direct", folder)
    with pytest.raises(xlt.errors.UsageError, match=r"^model: must be a string, not 3"):
        xlt.compare(3, "direct", folder)  # type: ignore[arg-type]
    with pytest.raises(xlt.errors.UsageError, match="has no results of a recipe `other`"):
        xlt.compare("nli", "direct", f"{folder}:other")
    with pytest.raises(xlt.errors.UsageError, match=r"^workdirs: must be a list of paths"):
        xlt.compare("nli", "direct", 3)  # type: ignore[arg-type]
