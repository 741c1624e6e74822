"""What is kept of a study reports the same as the study."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from adapterxlt.cli.main import cli
from tests.report.made_up import study
from tools.studies.measured import keep_measured


def report(workdir: Path, page: Path) -> tuple[dict[str, Any], str]:
    call = ["report", str(workdir), "--html", str(page), "--json"]
    told = CliRunner().invoke(cli, call)
    assert told.exit_code == 0, told.output
    both = (told.stdout, page.read_text("utf-8"))
    found, text = (one.replace(str(workdir), "W") for one in both)
    return json.loads(found), text


def test_what_is_kept_reports_the_same_and_holds_no_weights(tmp_path: Path) -> None:
    workdir = study(
        tmp_path / "runs", intermediates=("none", "mnli"), targets=("sib200",), seeds=(1, 2),
        examples=20, layers=2,
    )  # fmt: skip
    weights = next(path.parent for path in workdir.glob("store/??/*/metrics.json"))
    (weights / "adapter.safetensors").write_bytes(b"weights")
    kept = keep_measured(workdir, tmp_path / "kept")
    assert {path.name for path in kept} >= {"results.json", "outcomes.npz", "metrics.json"}
    assert not list((tmp_path / "kept").rglob("*.safetensors"))
    expected, page = report(workdir, tmp_path / "runs.html")
    assert report(tmp_path / "kept", tmp_path / "kept.html") == (expected, page)
    assert len(expected["comparisons"]) == 2
    assert "<polyline" in page


def test_what_is_there_is_not_written_over(tmp_path: Path) -> None:
    with pytest.raises(FileExistsError):
        keep_measured(study(tmp_path / "runs", seeds=(1,), examples=5, layers=0), tmp_path)
