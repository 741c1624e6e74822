from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapterxlt.errors import AdapterXLTError
from adapterxlt.progress import Silent
from adapterxlt.recipe.load import load_recipe
from adapterxlt.retrieval.protocols import get_protocol
from adapterxlt.retrieval.run import retrieve_tatoeba
from adapterxlt.retrieval.tatoeba import tatoeba_predictions, tatoeba_scores
from adapterxlt.tasks.catalogue import get_task
from adapterxlt.tasks.read import read_bitext
from tests import tiny

ROWS = st.lists(st.lists(st.integers(-2, 2), min_size=2, max_size=2), min_size=1, max_size=30)


def test_english_looks_among_the_foreign_sentences():
    english = np.array([[1, 0], [0, 1], [1, 1]], np.float32)
    foreign = np.array([[1, 0], [3, 0], [0, 1]], np.float32)
    # English 0 and 2 meet foreign 1 first; English 1 meets foreign 2: none right.
    # Foreign 0: English 0 and 2 tie, the first counts; foreign 1 likewise; foreign 2: 1 and 2 tie.
    scores = tatoeba_scores(foreign, english)
    assert scores["accuracy"] == 0.0
    assert scores["accuracy_xx_en"] == pytest.approx(100 / 3)
    assert scores["accuracy_both"] == pytest.approx(100 / 6)
    assert tatoeba_predictions(foreign, english).tolist() == [1, 2, 1]


@given(ROWS, st.randoms(use_true_random=False))
def test_scores_equal_sorting_by_hand(rows, random):
    english = np.array(rows, np.float32)
    foreign = english.copy()
    random.shuffle(rows)
    foreign[: len(rows) // 2] = np.array(rows, np.float32)[: len(rows) // 2]
    n = len(english)
    ranks = []
    for i in range(n):
        order = sorted(range(n), key=lambda j: (-float(english[i] @ foreign[j]), j))
        ranks.append(order.index(i) + 1)
    scores = tatoeba_scores(foreign, english)
    assert scores["accuracy"] == pytest.approx(100 * sum(r == 1 for r in ranks) / n)
    assert scores["p_at_5"] == pytest.approx(100 * sum(r <= 5 for r in ranks) / n)
    assert scores["mrr"] == pytest.approx(100 * sum(1 / r for r in ranks) / n)
    found = tatoeba_predictions(foreign, english)
    assert scores["accuracy"] == pytest.approx(100 * np.mean(found == np.arange(n)))


def test_csls_equals_its_definition():
    rng = np.random.default_rng(0)
    english, foreign = (rng.normal(size=(40, 6)).astype(np.float32) for _ in range(2))
    products = (english @ foreign.T).astype(float)
    near_english = np.sort(products, axis=1)[:, -10:].mean(axis=1)
    near_foreign = np.sort(products, axis=0)[-10:].mean(axis=0)
    csls = 2 * products - near_english[:, None] - near_foreign
    scores = tatoeba_scores(foreign, english, csls=True)
    everyone = np.arange(40)
    assert scores["accuracy"] == pytest.approx(100 * np.mean(csls.argmax(axis=1) == everyone))
    assert scores["accuracy_xx_en"] == pytest.approx(100 * np.mean(csls.argmax(axis=0) == everyone))


def test_equal_vectors_are_all_right_only_in_order():
    vectors = np.eye(4, dtype=np.float32)
    assert set(tatoeba_scores(vectors, vectors).values()) == {100.0}
    assert tatoeba_scores(vectors[::-1], vectors)["accuracy"] == 0.0
    same = np.ones((4, 3), np.float32)
    assert tatoeba_scores(same, same)["accuracy"] == 25.0  # ties go to the first


def test_all_112_languages_of_laser_by_its_protocol(encoder, tmp_path):
    recipe = Path(__file__).resolve().parents[2] / "recipes" / "laser" / "tatoeba.yaml"
    stage = load_recipe(recipe).recipe.stages["tatoeba"]
    codes = stage.languages
    assert len(set(codes)) == 112
    assert set(get_task("tatoeba").iso3.values()) <= set(codes)
    folder = tmp_path / "tatoeba" / "v1"
    folder.mkdir(parents=True)
    english = list(dict.fromkeys(tiny.SENTENCES))[:4]
    for place, code in enumerate(codes):
        # In half of the languages the first two sentences are swapped: those two are not found.
        source = english[1::-1] + english[2:] if place % 2 else english
        for suffix, lines in ((code, source), ("eng", english)):
            path = folder / f"tatoeba.{code}-eng.{suffix}"
            path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    bitexts = [read_bitext(get_task("tatoeba"), [tmp_path], code) for code in codes]
    measured = retrieve_tatoeba(
        encoder, bitexts, layers=None, protocol=get_protocol(stage.protocol), max_length=64,
        token_budget=512, progress=Silent(),
    )  # fmt: skip
    assert {m.layer for m in measured} == {2}
    found = {m.language: m.value for m in measured if m.metric == "accuracy"}
    assert found == {code: 50.0 if place % 2 else 100.0 for place, code in enumerate(codes)}


@pytest.mark.parametrize(
    ("foreign", "english", "message"),
    [
        (np.ones((2, 2)), np.ones((3, 2)), "2 foreign and 3 English"),
        (np.ones((2, 2)), np.ones((2, 3)), "dimensions"),
        (np.full((2, 2), np.nan), np.ones((2, 2)), "NaN"),
        (np.ones((0, 2)), np.ones((0, 2)), "no vectors"),
    ],
)
def test_bad_sides_are_refused(foreign, english, message):
    with pytest.raises(AdapterXLTError, match=message):
        tatoeba_scores(foreign.astype(np.float32), english.astype(np.float32))
