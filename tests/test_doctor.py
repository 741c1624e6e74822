"""What `adapterxlt doctor` looks at."""

from __future__ import annotations

from collections import namedtuple
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import pytest
import torch

from adapterxlt import doctor
from adapterxlt.doctor import (
    Check,
    check_data,
    check_devices,
    check_disk,
    check_kernels,
    check_packages,
)


def test_packages_in_and_out_of_range() -> None:
    checks = check_packages(
        ["click>=1", "rich<0.1", "no-such-package-here>=2", "mypy>=99; extra == 'typing'"]
    )
    assert [(check.name, check.state) for check in checks] == [
        ("python", "ok"),
        ("click", "ok"),
        ("rich", "missing"),
        ("no-such-package-here", "missing"),
    ]
    assert checks[2].detail.endswith("needs <0.1")
    assert checks[3].detail == "not installed, needs >=2"


def test_devices() -> None:
    cpu, *others = check_devices()
    assert f"torch uses {torch.get_num_threads()}" in cpu.detail
    assert others[0].state == ("ok" if torch.cuda.is_available() else "warn")


def test_data_tells_tasks_splits_and_languages(tmp_path: Path) -> None:
    (tmp_path / "udpos").mkdir()
    for name in ("train-en", "dev-en", "dev-de"):
        (tmp_path / "udpos" / f"{name}.tsv").write_text("a\tDET\n")
    empty = tmp_path / "empty"
    empty.mkdir()
    found, nothing, absent = check_data([str(tmp_path), str(empty), str(tmp_path / "absent")])
    assert found == Check("data", str(tmp_path), "ok", "udpos (train en, dev 2 languages)")
    assert (nothing.state, absent.state) == ("warn", "missing")


def test_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda folder: usage(0, 0, 12_340_000_000))
    check = check_disk(tmp_path / "not" / "there" / "yet")
    assert (check.state, check.detail) == ("ok", "12.3 GB free")
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda folder: usage(0, 0, 100))
    assert check_disk(tmp_path).state == "warn"


def test_a_disk_without_flock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "flock" not in check_disk(tmp_path).detail
    monkeypatch.setattr(doctor, "has_flock", lambda folder: False)
    check = check_disk(tmp_path)
    assert check.state == "warn"
    assert "GB free; this file system has no flock" in check.detail


@pytest.mark.parametrize(
    ("kernels", "transformers", "states"),
    [(None, "4.57.6", []), ("0.4", "4.57.6", ["warn"]), ("0.4", "5.2.1", ["warn"]),
     ("0.4", "5.3.0", []), ("0.4", "5.10", [])],
)  # fmt: skip
def test_kernels_beside_an_older_transformers(
    monkeypatch: pytest.MonkeyPatch, kernels: str | None, transformers: str, states: list[str]
) -> None:
    def version(name: str) -> str:
        found = {"kernels": kernels, "transformers": transformers}[name]
        if found is None:
            raise PackageNotFoundError(name)
        return found

    monkeypatch.setattr(doctor, "version", version)
    assert [check.state for check in check_kernels()] == states
