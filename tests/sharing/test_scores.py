"""Which scores of a stage go into its artifact, and how they are named."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from adapterxlt.results.measures import Measure, write_measures
from adapterxlt.sharing.scores import mean_scores, metric_text, scores_in

EVALUATED: dict[str, object] = {"task": "xnli"}
SEARCHED: dict[str, object] = {"task": "tatoeba", "protocol": {"name": "xtreme-2020"}}


def measure(value: float, **changed: Any) -> Measure:
    plain: dict[str, Any] = {"language": "de", "split": "test", "metric": "accuracy", "main": True}
    return Measure(**{**plain, "value": value, "n": 10, **changed})


class Kept:
    """A store with evaluations of one model."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.found: list[Any] = []

    def add(self, kind: str, params: dict[str, object], *measures: Measure) -> None:
        name = str(len(self.found))
        (self.folder / name).mkdir()
        write_measures(self.folder / name, measures)
        parts = {"inputs": ["model"], "params": params}
        lineage: dict[str, object] = {"steps": []}
        self.found.append(
            SimpleNamespace(kind=kind, fingerprint=name, parts=parts, lineage=lineage)
        )

    def entries(self) -> list[Any]:
        return self.found

    def path(self, name: str) -> Path:
        return self.folder / name


@pytest.fixture
def kept(tmp_path: Path) -> Kept:
    return Kept(tmp_path)


def scores(kept: Any) -> list[dict[str, Any]]:
    return scores_in(kept, "model")


def test_predictions_without_labels_have_no_score(kept: Kept) -> None:
    kept.add("evaluate", EVALUATED)
    assert scores(kept) == []


def test_one_layer_and_pooling_are_kept(kept: Kept) -> None:
    kept.add(
        "retrieve",
        SEARCHED,
        measure(62.0, layer=1, pooling="mean"),
        measure(22.0, layer=1, pooling="cls"),
        measure(50.0, layer=2, pooling="mean"),
        measure(60.0, layer=2, pooling="cls"),
    )
    (found,) = scores(kept)
    assert (found["value"], found["layer"], found["pooling"]) == (62.0, 1, "mean")
    assert mean_scores([found]) == {
        ("tatoeba test accuracy (layer 1, mean, xtreme-2020)", "data not recorded"): (62.0, 1)
    }


def test_dev_chooses_the_layer(kept: Kept) -> None:
    kept.add(
        "retrieve",
        SEARCHED,
        measure(70.0, layer=1, split="dev"),
        measure(60.0, layer=2, split="dev"),
        measure(50.0, layer=1),
        measure(90.0, layer=2),
    )
    assert sorted((each["split"], each["value"]) for each in scores(kept)) == [
        ("dev", 70.0), ("test", 50.0),
    ]  # fmt: skip


def test_other_settings_are_other_scores(kept: Kept) -> None:
    kept.add("evaluate", EVALUATED, measure(50.0), measure(70.0, language="fr"))
    kept.add("evaluate", {**EVALUATED, "cap": 5}, measure(80.0, n=5))
    kept.add("evaluate", {**EVALUATED, "precision": "bf16"}, measure(40.0))
    found = mean_scores(scores(kept))
    assert sorted(found.values()) == [(40.0, 1), (60.0, 2), (80.0, 1)]
    assert ("xnli test accuracy (at most 5 a language)", "data not recorded") in found


def test_the_metric_says_what_is_unusual() -> None:
    assert metric_text({"metric": "f1", "protocol": "zero-shot", "layer": None}) == "f1"
    assert metric_text({"metric": "accuracy", "layer": 0}) == "accuracy (layer 0)"
