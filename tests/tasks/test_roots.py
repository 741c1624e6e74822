from __future__ import annotations

from pathlib import Path

import pytest

from adapterxlt.bundled import bundled
from adapterxlt.errors import MissingDataError
from adapterxlt.tasks.hub import is_hub
from adapterxlt.tasks.roots import resolve_roots


def test_the_recipe_folder_comes_before_the_current_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "recipes" / "data").mkdir(parents=True)
    (tmp_path / "data").mkdir()
    (tmp_path / "more").mkdir()
    monkeypatch.chdir(tmp_path)
    assert resolve_roots(["data", "more"], tmp_path / "recipes") == (
        tmp_path / "recipes" / "data",
        tmp_path / "more",
    )


def test_absolute_folders_once_each(tmp_path: Path) -> None:
    assert resolve_roots([str(tmp_path), f"{tmp_path}/."], Path("elsewhere")) == (tmp_path,)


def test_pocket_is_bundled() -> None:
    assert resolve_roots(["pocket"], Path()) == (bundled("artifacts/data/pocket"),)


def test_a_missing_folder_says_where_it_was_looked_for(tmp_path: Path) -> None:
    with pytest.raises(MissingDataError, match="data folder `none` does not exist") as caught:
        resolve_roots(["none"], tmp_path)
    assert str(tmp_path / "none") in str(caught.value)
    assert str(Path.cwd() / "none") in str(caught.value)


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "data.tsv").write_text("a")
    with pytest.raises(MissingDataError, match=r"data folder `data.tsv` is a file"):
        resolve_roots(["data.tsv"], tmp_path)


def test_hub_is_the_cache_of_huggingface_hub(tmp_path: Path) -> None:
    roots = resolve_roots(["hub", str(tmp_path)], Path())
    assert [is_hub(root) for root in roots] == [True, False]
