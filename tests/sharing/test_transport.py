"""What leaves and comes in: whole, as small as it can be, on its own backbone."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from adapterxlt.backbones.backbone import Backbone
from adapterxlt.backbones.check import inspect_backbone
from adapterxlt.errors import InvalidArtifactError, UsageError
from adapterxlt.models import tensors
from adapterxlt.models.build import load
from adapterxlt.sharing.make import finish
from adapterxlt.sharing.scores import read_metrics
from adapterxlt.sharing.source import FolderSource, open_source
from adapterxlt.sharing.transport import TakenIn, pack, prepared, take_in
from adapterxlt.store.store import Store, check_files
from tests import tiny

Stages = dict[str, Path]


def parameters(backbone: Backbone, folder: Path) -> dict[str, bytes]:
    state = load(backbone, folder).model.state_dict()
    return {name: value.numpy().tobytes() for name, value in state.items()}


@pytest.mark.parametrize("name", ["nli", "low_rank", "over", "both", "whole"])
def test_every_kind_travels(stages: Stages, backbone: Backbone, tmp_path: Path, name: str) -> None:
    bundles = []
    for file in (tmp_path / "one.axlt", tmp_path / "two.axlt"):
        with prepared(stages[name], backbone=str(backbone.path)) as (source, _):
            pack(source, file)
        bundles.append(file.read_bytes())
    assert bundles[0] == bundles[1]
    store = Store(tmp_path / "store")
    taken = take_in(open_source(tmp_path / "one.axlt"), store, backbone=backbone)
    assert (taken.new, taken.loaded, taken.signature) == (True, True, None)
    assert taken.folder == store.path(stages[name].name)
    assert parameters(backbone, taken.folder) == parameters(backbone, stages[name])
    assert not take_in(open_source(tmp_path / "one.axlt"), store, backbone=backbone).new


def test_full_weights_travel_as_what_differs(
    stages: Stages, backbone: Backbone, tmp_path: Path
) -> None:
    whole = stages["whole"]
    with prepared(whole, backbone=str(backbone.path)) as (source, manifest):
        assert "model.safetensors" not in source.sizes
        assert source.sizes["model_difference.safetensors"] < (
            0.9 * (whole / "model.safetensors").stat().st_size
        )
        stored = tensors.read(source.where / "model_difference.safetensors")
        rows = stored["roberta.embeddings.word_embeddings.weight:rows"]
        assert rows.tolist() == list(range(40))
        check_files(source.where, manifest)


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Backbone:
    return inspect_backbone("other", tiny.build(tmp_path_factory.mktemp("other"), seed=7))


def take_over(entry: Path, own: Backbone, other: Backbone, root: Path) -> TakenIn:
    with prepared(entry, backbone=str(own.path)) as (source, _):
        return take_in(source, Store(root), backbone=other, override=True)


def test_another_backbone_is_refused_and_both_are_named(
    stages: Stages, backbone: Backbone, other: Backbone, tmp_path: Path
) -> None:
    with (
        prepared(stages["nli"], backbone=str(backbone.path)) as (source, _),
        pytest.raises(InvalidArtifactError) as refused,
    ):
        take_in(source, Store(tmp_path / "store"), backbone=other)
    assert f"`tiny` (content {backbone.hash[:12]})" in refused.value.message
    assert f"`other` (content {other.hash[:12]})" in refused.value.message
    assert not list((tmp_path / "store").rglob("*.safetensors"))


def test_an_override_by_a_backbone_of_another_size_is_refused(
    stages: Stages, backbone: Backbone, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(tiny.SIZES, "num_hidden_layers", 3)
    deep = inspect_backbone("deep", tiny.build(tmp_path / "deep"))
    with pytest.raises(InvalidArtifactError, match=r"2 layers of width 32, .* which has 3 of"):
        take_over(stages["nli"], backbone, deep, tmp_path / "store")


@pytest.mark.parametrize("name", ["nli", "both"])
def test_an_override_is_recorded(
    stages: Stages, backbone: Backbone, other: Backbone, tmp_path: Path, name: str
) -> None:
    taken = take_over(stages[name], backbone, other, tmp_path / "store")
    facts = taken.manifest.artifact
    assert facts is not None
    assert (facts.backbone.name, facts.backbone.hash) == ("other", other.hash)
    assert facts.override is not None
    assert (facts.override.name, facts.override.hash) == ("tiny", backbone.hash)
    assert taken.manifest.fingerprint != stages[name].name  # it is no longer that stage
    assert "trained on another backbone" in (taken.folder / "README.md").read_text()
    assert (taken.folder / "reference.safetensors").is_file()
    load(other, taken.folder)
    with pytest.raises(InvalidArtifactError, match="not on `tiny`"):
        load(backbone, taken.folder)
    # It goes on travelling, and still says where it came from.
    again = take_in(FolderSource(taken.folder), Store(tmp_path / "far"), backbone=other)
    assert again.manifest.artifact == facts


def test_an_override_keeps_no_scores_of_the_other_backbone(
    stages: Stages, backbone: Backbone, other: Backbone, tmp_path: Path
) -> None:
    with prepared(stages["nli"], backbone=str(backbone.path)) as (source, manifest):
        folder = shutil.copytree(source.where, tmp_path / "made")
    score = {"task": "xnli", "language": "de", "split": "dev", "metric": "accuracy"}
    scores: list[dict[str, object]] = [{**score, "value": 51.5, "n": 200}]
    (folder / "metrics.json").write_text(json.dumps({"scores": scores, "examples": 7}))
    assert manifest.artifact is not None
    finish(folder, manifest, manifest.artifact, scores)
    taken = take_in(FolderSource(folder), Store(tmp_path / "store"), backbone=other, override=True)
    assert read_metrics(taken.folder) == {"scores": [], "examples": 7}
    assert "Nothing was measured" in (taken.folder / "README.md").read_text()


def test_an_override_to_its_own_backbone_changes_nothing(
    stages: Stages, backbone: Backbone, tmp_path: Path
) -> None:
    taken = take_over(stages["nli"], backbone, backbone, tmp_path / "store")
    assert taken.manifest.fingerprint == stages["nli"].name
    assert taken.manifest.artifact is not None
    assert taken.manifest.artifact.override is None


def test_full_weights_fit_to_no_other_backbone(
    stages: Stages, backbone: Backbone, other: Backbone, tmp_path: Path
) -> None:
    with pytest.raises(InvalidArtifactError, match="its own backbone weights"):
        take_over(stages["whole"], backbone, other, tmp_path / "store")
    assert not list((tmp_path / "store").rglob("*.safetensors"))


def test_an_override_needs_a_backbone(stages: Stages, backbone: Backbone, tmp_path: Path) -> None:
    with (
        prepared(stages["nli"], backbone=str(backbone.path)) as (source, _),
        pytest.raises(UsageError, match="needs --backbone"),
    ):
        take_in(source, Store(tmp_path / "store"), override=True)


def test_a_damaged_entry_does_not_leave(stages: Stages, backbone: Backbone, tmp_path: Path) -> None:
    copy = tmp_path / "entry"
    shutil.copytree(stages["nli"], copy)
    weights = copy / "adapter.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"\x01")
    with (
        pytest.raises(InvalidArtifactError, match=r"adapter\.safetensors"),
        prepared(copy, backbone=str(backbone.path)),
    ):
        pass
