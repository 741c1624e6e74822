"""Retrieval with the bundled encoder on real text, against what its card says."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from adapterxlt.kinds.sentence_retrieval import Bitext
from adapterxlt.progress import Silent
from adapterxlt.retrieval.mining_sets import build_mining_set, split_bitext
from adapterxlt.retrieval.protocols import get_protocol
from adapterxlt.retrieval.run import retrieve_bucc, retrieve_tatoeba
from adapterxlt.tasks.catalogue import get_task
from adapterxlt.tasks.read import read_bitext
from adapterxlt.vectors.encoder import load_encoder

SETTINGS = {
    "protocol": get_protocol("jiant"),
    "layers": [2],
    "max_length": 128,
    "token_budget": 8192,
    "progress": Silent(),
}


@pytest.fixture(scope="module")
def mini():
    return load_encoder("mini")


def test_pairs_of_ntrex_hidden_among_distractors(mini, real_data: Path) -> None:
    # NTREX is in the pretraining of `mini`: this says that mining works, not how well it does.
    folder = real_data / "ntrex128"
    german, english = (
        tuple((folder / f"newstest2019-{name}.txt").read_text(encoding="utf-8").split("\n")[:800])
        for name in ("ref.deu", "src.eng")
    )
    halves = split_bitext(Bitext("de", german, english), seed=1)
    sets = {
        split: build_mining_set(half, seed=1)
        for split, half in zip(("dev", "test"), halves, strict=True)
    }
    found = {(m.split, m.metric): m for m in retrieve_bucc(mini, sets, **SETTINGS)}
    assert found["test", "f1"].n == 40
    assert found["dev", "f1"].value > 75
    assert found["test", "f1"].value > 70
    assert found["test", "f1_tuned"].value >= found["test", "f1"].value
    assert found["test", "threshold"].value == found["dev", "threshold"].value


def test_tatoeba_is_what_the_card_of_mini_says(mini, real_data: Path) -> None:
    card = json.loads((mini.backbone.path / "scores.json").read_text(encoding="utf-8"))
    bitext = read_bitext(get_task("tatoeba"), [real_data], "sw")
    figures = {m.metric: m.value for m in retrieve_tatoeba(mini, [bitext], **SETTINGS)}
    assert figures["accuracy"] == pytest.approx(card["tatoeba"]["sw"][2], abs=0.5)
    assert figures["accuracy"] < figures["mrr"] < figures["p_at_5"]
