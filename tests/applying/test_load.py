"""A model by each name that it can have, and what is not one."""

from __future__ import annotations

import shutil
import threading
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import adapterxlt as xlt
from adapterxlt.applying.source import Source
from adapterxlt.backbones.backbone import Backbone
from adapterxlt.backbones.check import inspect_backbone
from adapterxlt.plan.memory import remember
from adapterxlt.sharing.locate import find_backbone
from adapterxlt.sharing.transport import pack, prepared
from adapterxlt.store.files import address_of
from adapterxlt.store.manifest import read_manifest
from adapterxlt.store.store import STORE_FOLDER, Store
from tests.sharing.trained import trained_stages

PAIR = ("The train leaves.", "It rained.")


@pytest.fixture(scope="module")
def backbone(tiny_backbone: Path) -> Backbone:
    return inspect_backbone("tiny", tiny_backbone)


@pytest.fixture(scope="module")
def entries(backbone: Backbone, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return trained_stages(tmp_path_factory.mktemp("work"), backbone, only=["nli"])


@pytest.fixture(scope="module")
def workdir(entries: dict[str, Path]) -> Path:
    return entries["nli"].parents[2]


@pytest.fixture(scope="module")
def expected(workdir: Path, backbone: Backbone) -> Any:
    return xlt.load(f"{workdir}:nli", backbone=backbone.path).predict(PAIR)


@pytest.fixture(scope="module")
def packed(entries: dict[str, Path], backbone: Backbone, tmp_path_factory: Any) -> Path:
    file: Path = tmp_path_factory.mktemp("packed") / "nli.axlt"
    with prepared(entries["nli"], backbone=str(backbone.path)) as (source, _):
        pack(source, file)
        shutil.copytree(source.where, file.parent / "folder")
    return file


def test_an_entry_a_folder_and_a_packed_file(
    entries: dict[str, Path], packed: Path, backbone: Backbone, expected: Any
) -> None:
    for place in (entries["nli"], packed, packed.parent / "folder", f"file://{packed}"):
        model = xlt.load(place, backbone=backbone.path)
        assert model.predict(PAIR) == expected
        assert model.fingerprint == entries["nli"].name
        assert model.lineage == "tiny > mnli (seq_bn)"


def test_what_a_packed_file_was_unpacked_to_goes_with_the_model(
    packed: Path, backbone: Backbone
) -> None:
    model = xlt.load(packed, backbone=backbone.path)
    source: Source = model._source
    [(_, folder)] = source.members
    assert folder.is_dir()
    del model
    assert not folder.exists()


def test_a_url_is_fetched_once(
    packed: Path, backbone: Backbone, expected: Any, tmp_path: Path, monkeypatch: Any
) -> None:
    monkeypatch.setenv("ADAPTERXLT_CACHE", str(tmp_path / "cache"))
    asked: list[str] = []

    class Handler(SimpleHTTPRequestHandler):
        def log_request(self, *args: Any) -> None:
            asked.append(self.path)

    make = partial(Handler, directory=str(packed.parent))
    with ThreadingHTTPServer(("127.0.0.1", 0), make) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}/folder"
        assert xlt.load(url, backbone=backbone.path).predict(PAIR) == expected
        weights = [path for path in asked if "adapter.safetensors" in path]
        assert weights
        asked.clear()
        again = xlt.load(url, backbone=backbone.path)
        assert again.predict(PAIR) == expected
        assert not [path for path in asked if "adapter.safetensors" in path]
        server.shutdown()


def test_a_backbone(backbone: Backbone, monkeypatch: pytest.MonkeyPatch) -> None:
    model = xlt.load(backbone.path)
    assert (model.task, model.tasks, model.labels, model.fingerprint) == (None, (), (), None)
    assert model.encode(["a", "b"]).shape == (2, 32)
    with pytest.raises(xlt.errors.UsageError, match="has no head"):
        model.predict("a")
    monkeypatch.chdir(backbone.path.parent)
    assert xlt.load(backbone.path.name).layers == 2


def test_two_models_are_used_by_two_threads(backbone: Backbone) -> None:
    """Both load their weights and encode at the same time."""
    models = [xlt.load(backbone.path), xlt.load(backbone.path)]
    texts = [[f"{name} {number}" for number in range(200)] for name in ("One", "Another")]
    with ThreadPoolExecutor(2) as threads:
        found = list(threads.map(lambda model, lines: model.encode(lines), models, texts))
    for vectors, lines in zip(found, texts, strict=True):
        assert np.array_equal(vectors, models[0].encode(lines))


def test_several_stages_of_one_name_are_told_apart(
    backbone: Backbone, tmp_path: Path, entries: dict[str, Path]
) -> None:
    made = trained_stages(tmp_path, backbone)
    store = Store(tmp_path / STORE_FOLDER)
    # Another recipe calls `para` by the name `nli`: it is the same stage, made once.
    parts = next(one.parts for one in store.entries() if one.title == "para")
    assert address_of(parts) == made["para"].name
    remember(store, "other", "abc", {"nli": parts, "alone": parts}, [])
    with pytest.raises(xlt.errors.UsageError) as error:
        xlt.load(f"{tmp_path}:nli", backbone=backbone.path)
    assert "there are several" in str(error.value)
    for name in ("nli", "para"):
        assert f"{tmp_path}:{made[name].name[:12]} (recipe tiny, seed" in str(error.value)
    for name in (made["para"].name[:12], "alone"):
        model = xlt.load(f"{tmp_path}:{name}", backbone=backbone.path)
        assert model.fingerprint == made["para"].name


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("{work}", "is a work folder\n  name one of its stages: {work}:nli"),
        ("{work}:nil", "did you mean `nli`?"),
        ("{work}/..", "is neither the folder of a model nor a work folder"),
        ("gone:nli", "there is no work folder `gone`"),
        ("file:///gone", "there is no such file or folder"),
        ("ftp://a/b", "URLs that begin with `ftp://`"),
    ],
)
def test_what_is_not_a_model(workdir: Path, name: str, told: str) -> None:
    with pytest.raises(xlt.errors.UsageError) as error:
        xlt.load(name.format(work=workdir))
    assert told.format(work=workdir) in str(error.value)


def test_wrong_options_are_told(workdir: Path, backbone: Backbone) -> None:
    with pytest.raises(xlt.errors.UsageError, match="`gpu` is not a device"):
        xlt.load("mini", device="gpu")
    with pytest.raises(xlt.errors.UsageError, match="name the backbone only once"):
        xlt.load("mini", backbone="mini")
    with pytest.raises(xlt.errors.MissingBackboneError, match="file, folder, stage or backbone"):
        xlt.load("gone")
    with pytest.raises(xlt.errors.MissingBackboneError, match="did you mean `mini`"):
        xlt.load("minni")
    with pytest.raises(xlt.errors.MissingBackboneError, match="backbone="):
        xlt.load(f"{workdir}:nli")
    with pytest.raises(xlt.errors.InvalidArtifactError, match="was trained on backbone `tiny`"):
        xlt.load(f"{workdir}:nli", backbone="mini")


def test_an_own_stage_finds_the_folder_its_recipe_named_and_an_artifact_names_no_folder(
    entries: dict[str, Path],
    packed: Path,
    backbone: Backbone,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shutil.copytree(backbone.path, tmp_path / "tiny")
    monkeypatch.chdir(tmp_path)
    manifest = read_manifest(entries["nli"])
    own = find_backbone(manifest, None, entries["nli"])
    assert own.path == tmp_path / "tiny"
    assert own.hash == backbone.hash
    with pytest.raises(xlt.errors.MissingBackboneError, match="--backbone"):
        find_backbone(read_manifest(packed.parent / "folder"), None)
    given = tmp_path / "given"  # by a stranger, who wrote the name
    for entry in (None, given):
        with pytest.raises(xlt.errors.MissingBackboneError, match="--backbone"):
            find_backbone(manifest, None, entry)


def test_a_damaged_model_is_refused(
    entries: dict[str, Path], packed: Path, backbone: Backbone, tmp_path: Path
) -> None:
    for place in (entries["nli"], packed.parent / "folder"):
        copied = tmp_path / STORE_FOLDER / "ab" / place.name
        shutil.copytree(place, copied)
        file = copied / "adapter.safetensors"
        content = bytearray(file.read_bytes())
        content[-1] ^= 1
        file.write_bytes(content)
        with pytest.raises(xlt.errors.InvalidArtifactError, match=r"adapter\.safetensors"):
            xlt.load(copied, backbone=backbone.path)
