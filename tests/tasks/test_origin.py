"""What data a task really was."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from adapterxlt.errors import MissingDataError
from adapterxlt.tasks.catalogue import get_task
from adapterxlt.tasks.origin import describe_origins, hub_id, origins
from adapterxlt.tasks.roots import resolve_roots

from .conftest import Write

XNLI = get_task("xnli")


def test_pocket_is_pocket_where_it_lies_and_in_a_copy(tmp_path: Path) -> None:
    roots = resolve_roots(["pocket"], tmp_path)
    assert origins(XNLI, roots, ["de", "en"], "dev") == ["pocket"]
    assert origins(XNLI, roots, ["en"], "train") == ["pocket"]  # MNLI's
    copy = tmp_path / "mine"
    shutil.copytree(roots[0], copy)
    assert origins(XNLI, [copy], ["de"], "dev") == ["pocket"]
    wrapped = tmp_path / "wrapped"
    shutil.copytree(roots[0] / "xnli", wrapped / "download" / "xnli")
    assert origins(XNLI, [wrapped], ["de"], "dev") == ["pocket"]


def test_what_was_changed_in_a_copy_of_pocket_is_the_folder_s(tmp_path: Path) -> None:
    (pocket,) = resolve_roots(["pocket"], tmp_path)
    copy = tmp_path / "mine"
    shutil.copytree(pocket, copy)
    changed = copy / "xnli/dev-de.tsv"
    text = changed.read_text(encoding="utf-8")
    changed.write_text(text.replace("e", "a", 1), encoding="utf-8")  # of the same size
    assert origins(XNLI, [copy], ["de"], "dev") == ["folder:mine"]
    assert origins(XNLI, [copy], ["en", "de"], "dev") == ["folder:mine", "pocket"]


def test_languages_may_be_of_several_folders(tmp_path: Path, write: Write) -> None:
    pocket = resolve_roots(["pocket"], tmp_path)
    write("own/xnli/dev-el.tsv", "a\tb\tentailment\n")
    found = origins(XNLI, [tmp_path / "own", *pocket], ["el", "de"], "dev")
    assert found == ["folder:own", "pocket"]
    assert describe_origins(found) == "folder own and pocket"


def test_the_hub_by_repository_and_revision(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write: Write
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    repository = XNLI.hub
    assert repository is not None
    place = f"cache/datasets--{repository.id.replace('/', '--')}/snapshots/{repository.revision}"
    write(f"{place}/de/validation-00000-of-00001.parquet", b"")
    roots = resolve_roots(["hub"], tmp_path)
    (found,) = origins(XNLI, roots, ["de"], "dev")
    assert found == f"hub:{repository.id}@{repository.revision}"
    assert hub_id(found) == repository.id
    assert describe_origins([found]) == repository.id


def test_what_is_missing_and_what_was_not_recorded(tmp_path: Path) -> None:
    with pytest.raises(MissingDataError):
        origins(XNLI, [tmp_path], ["de"], "dev")
    assert describe_origins([]) == describe_origins(None) == "data not recorded"
    assert hub_id("folder:hub") is None
