"""Names that begin with `~` and a user who does not exist are names like any others."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest

from adapterxlt.applying.source import find_source
from adapterxlt.backbones.find import resolve_backbone
from adapterxlt.errors import AdapterXLTError, MissingBackboneError, MissingDataError, UsageError
from adapterxlt.execution.away import WORKER_DIR, own_folder
from adapterxlt.home import expanded, expanded_to_write
from adapterxlt.progress import Silent
from adapterxlt.sharing.cache import _absolute
from adapterxlt.stages.use.look import find
from adapterxlt.store.cache_folder import CACHE, cache_folder
from adapterxlt.tasks.own import config_folder
from adapterxlt.tasks.roots import resolve_roots

NOBODY = "~no_such_user/m"


def test_the_home_folder_is_put_in(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert expanded("~/m") == expanded_to_write("~/m", CACHE) == tmp_path / "m"
    assert expanded("a/~/m") == Path("a/~/m")
    assert expanded(NOBODY) == Path(NOBODY)


@pytest.mark.parametrize(
    ("look", "kind"),
    [
        (lambda: resolve_backbone(NOBODY, Path(), download=False), MissingBackboneError),
        (lambda: resolve_roots([NOBODY], Path()), MissingDataError),
        (lambda: find(NOBODY, Path()), UsageError),
        (lambda: find_source(NOBODY, None, Silent(), ExitStack()), MissingBackboneError),
        (lambda: find_source(f"{NOBODY}:nli", None, Silent(), ExitStack()), UsageError),
    ],
)
def test_what_is_looked_for_there_is_missing(
    look: Callable[[], object], kind: type[AdapterXLTError]
) -> None:
    with pytest.raises(kind, match=NOBODY):
        look()


def test_nothing_is_made_in_a_folder_of_that_name(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in (CACHE, WORKER_DIR, "ADAPTERXLT_CONFIG"):
        monkeypatch.setenv(variable, NOBODY)
    for make in (cache_folder, lambda: own_folder(Path(), "file:///store")):
        with pytest.raises(UsageError, match="there is no home folder `~no_such_user`") as caught:
            make()
        assert str(caught.value.hint).startswith("set ADAPTERXLT_")
    assert config_folder() == Path(NOBODY)
    assert _absolute(NOBODY, Path("/base")) == f"/base/{NOBODY}"


def test_models_are_found_in_the_home_folder(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "runs").mkdir()
    with pytest.raises(UsageError, match="runs:nli: there is no trained stage of this name"):
        find_source("~/runs:nli", None, Silent(), ExitStack())
