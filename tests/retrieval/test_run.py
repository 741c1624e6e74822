from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from adapterxlt.errors import MissingDataError, UsageError
from adapterxlt.kinds.bitext_mining import MiningSet
from adapterxlt.kinds.sentence_retrieval import Bitext
from adapterxlt.progress import Silent
from adapterxlt.retrieval import run
from adapterxlt.retrieval.protocols import PROTOCOLS, get_protocol
from adapterxlt.retrieval.run import Measured, retrieve_bucc, retrieve_tatoeba
from adapterxlt.retrieval.tatoeba import tatoeba_scores
from adapterxlt.vectors import both_sides as encoded
from adapterxlt.vectors.encode import encode_grid, encode_sentences
from adapterxlt.vectors.on_disk import encode_to_files
from tests import tiny

ENGLISH = tuple(tiny.SENTENCES[:6])
SETTINGS = {"max_length": 64, "token_budget": 512, "progress": Silent()}
SAME = Bitext("xx", ENGLISH, ENGLISH)
OTHER = Bitext("de", (*tiny.SENTENCES[12:17], "Nein."), ENGLISH)


def values(measured, metric, language="xx", split="dev"):
    return {
        m.layer: m.value
        for m in measured
        if (m.metric, m.language, m.split) == (metric, language, split)
    }


def test_tatoeba_of_a_text_with_itself_is_perfect_at_every_layer(encoder):
    measured = retrieve_tatoeba(
        encoder, [SAME], layers="all", protocol=PROTOCOLS["xtreme-2020"], **SETTINGS
    )
    assert measured[0] == Measured("xx", 0, "accuracy", 100.0, 6, "test")
    for metric in ("accuracy", "accuracy_xx_en"):
        assert values(measured, metric, split="test") == {0: 100.0, 1: 100.0, 2: 100.0}


def test_tatoeba_equals_the_parts_put_together(encoder):
    protocol = PROTOCOLS["xtreme-2020"]
    measured = retrieve_tatoeba(encoder, [SAME, OTHER], layers=[1], protocol=protocol, **SETTINGS)
    sides = []
    for texts in (OTHER.source, OTHER.target):
        vectors = encode_sentences(encoder, texts, layers=[1], pooling="mean", **SETTINGS)[1]
        sides.append(vectors / np.linalg.norm(vectors, axis=1, keepdims=True))
    expected = tatoeba_scores(*sides)
    assert values(measured, "accuracy", "de", "test") == {1: expected["accuracy"]}
    assert values(measured, "accuracy_xx_en", "de", "test") == {1: expected["accuracy_xx_en"]}


def test_little_memory_means_more_groups_of_languages_and_the_same_figures(encoder, monkeypatch):
    settings = {"layers": "all", "protocol": PROTOCOLS["jiant"], **SETTINGS}
    at_once = retrieve_tatoeba(encoder, [SAME, OTHER], **settings)
    passes = []

    def counted(*args, **given):
        passes.append(given["layers"])
        return encode_grid(*args, **given)

    monkeypatch.setattr(run, "MEMORY", 1)
    monkeypatch.setattr(run, "encode_grid", counted)
    assert retrieve_tatoeba(encoder, [SAME, OTHER], **settings) == at_once
    assert passes == [(0, 1, 2)] * 2


@pytest.mark.parametrize("options", ["", "+whiten"])
def test_a_large_mining_set_lies_on_disk_out_of_one_pass(encoder, monkeypatch, tmp_path, options):
    settings = {"layers": "all", "protocol": get_protocol(f"jiant{options}"), **SETTINGS}
    settings["poolings"] = ["mean", "max"]
    sets = {"dev": mining_set(), "test": mining_set(gold=frozenset({("xx-0", "en-3")}))}
    in_memory = retrieve_bucc(encoder, sets, **settings)
    seen = []

    def files(*args, **given):
        found = encode_to_files(*args, **given)
        seen.extend(sorted(file.path.name for file in found.values()))
        return found

    monkeypatch.setattr(run, "MEMORY", 1)
    monkeypatch.setattr(encoded, "encode_to_files", files)
    assert retrieve_bucc(encoder, sets, work=tmp_path, **settings) == in_memory
    every = [f"{layer}-{pooling}.npy" for layer in (0, 1, 2) for pooling in ("max", "mean")]
    assert seen == [*every, *every]
    assert not list(tmp_path.iterdir())
    assert retrieve_bucc(encoder, sets, **settings) == in_memory


def mining_set(**changes):
    """Sources are six sentences, targets the first four of them in reverse and others."""
    whole = MiningSet(
        language="xx",
        source_ids=tuple(f"xx-{i}" for i in range(6)),
        source=ENGLISH,
        target_ids=tuple(f"en-{i}" for i in range(8)),
        target=(*ENGLISH[3::-1], *tiny.SENTENCES[20:24]),
        gold=frozenset((f"xx-{i}", f"en-{3 - i}") for i in range(4)),
    )
    return replace(whole, **changes)


@pytest.mark.parametrize("pooling", ["mean", "cls", "max"])
def test_several_poolings_give_what_each_gives_alone(encoder, pooling):
    settings = {"layers": [0, 2], "protocol": PROTOCOLS["jiant"], **SETTINGS}
    alone = {**settings, "protocol": get_protocol(f"jiant+{pooling}")}
    poolings = ["mean", "cls", "max"]
    sets = {"dev": mining_set(), "test": mining_set(gold=frozenset({("xx-0", "en-3")}))}
    for several, one in (
        (
            retrieve_tatoeba(encoder, [SAME, OTHER], poolings=poolings, **settings),
            retrieve_tatoeba(encoder, [SAME, OTHER], **alone),
        ),
        (
            retrieve_bucc(encoder, sets, poolings=poolings, **settings),
            retrieve_bucc(encoder, sets, **alone),
        ),
    ):
        assert len(several) == 3 * len(one)
        assert {m.pooling for m in one} == {None}
        assert [replace(m, pooling=None) for m in several if m.pooling == pooling] == one


def test_planted_pairs_are_mined_with_f1_100(encoder):
    measured = retrieve_bucc(
        encoder,
        {"dev": mining_set()},
        layers="all",
        protocol=PROTOCOLS["xtreme-2020"],
        **SETTINGS,
    )
    assert {m.n for m in measured} == {4}
    for metric in ("f1", "precision", "recall"):
        assert values(measured, metric) == {0: 100.0, 1: 100.0, 2: 100.0}
    assert all(value > 1 for value in values(measured, "threshold").values())
    assert {m.split for m in measured} == {"dev"}


def test_the_threshold_of_dev_is_used_on_test(encoder):
    # Test has dev's sentences, but gold that favours another cut: all pairs but one are wrong.
    test = mining_set(gold=frozenset({("xx-0", "en-3")}))
    measured = retrieve_bucc(
        encoder,
        {"test": test, "dev": mining_set()},
        layers=[1],
        protocol=PROTOCOLS["xtreme-2020"],
        **SETTINGS,
    )
    threshold = values(measured, "threshold")
    assert values(measured, "threshold", split="test") == threshold
    assert values(measured, "precision", split="test") == {1: 25.0}
    assert values(measured, "recall", split="test") == {1: 100.0}
    assert values(measured, "f1", split="test") == {1: 40.0}
    assert values(measured, "f1_tuned", split="test")[1] >= 40.0
    assert values(measured, "f1_tuned", split="dev") == {}


def test_duplicates_are_a_matter_of_the_protocol(encoder):
    # en-3 and en-8 hold the same text, and gold knows both.
    base = mining_set()
    repeated = mining_set(
        target_ids=(*base.target_ids, "en-8"),
        target=(*base.target, base.target[3]),
        gold=base.gold | {("xx-0", "en-8")},
    )
    recall = {
        name: values(
            retrieve_bucc(
                encoder, {"dev": repeated}, layers=[1], protocol=PROTOCOLS[name], **SETTINGS
            ),
            "recall",
        )[1]
        for name in ("xtreme-2020", "jiant")
    }
    assert recall == {"xtreme-2020": 60.0, "jiant": 100.0}


def test_withheld_test_gold_is_said_and_not_scored(encoder):
    lines = []

    class Logged(Silent):
        def log(self, message):
            lines.append(message)

    settings = {**SETTINGS, "progress": Logged()}
    sets = {"dev": mining_set(), "test": mining_set(gold=None)}
    measured = retrieve_bucc(encoder, sets, layers=None, protocol=PROTOCOLS["laser"], **settings)
    assert {m.split for m in measured} == {"dev"}
    assert {m.layer for m in measured} == {2}
    assert lines == ["xx: not scored, because the gold pairs of test are withheld"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"gold": None}, "no gold pairs"),
        ({"gold": frozenset()}, "no gold pairs"),
        ({"gold": frozenset({("xx-0", "en-99")})}, "`en-99` .*not in the set"),
        ({"source": (), "source_ids": (), "gold": frozenset({("a", "b")})}, "not in the set"),
    ],
)
def test_bad_mining_sets_are_refused(encoder, changes, message):
    with pytest.raises(MissingDataError, match=message):
        retrieve_bucc(
            encoder,
            {"dev": mining_set(**changes)},
            layers=[1],
            protocol=PROTOCOLS["jiant"],
            **SETTINGS,
        )


def test_mining_needs_dev(encoder):
    with pytest.raises(MissingDataError, match="needs a dev set"):
        retrieve_bucc(
            encoder,
            {"test": mining_set()},
            layers=[1],
            protocol=PROTOCOLS["jiant"],
            **SETTINGS,
        )


def test_bad_bitexts_and_layers_are_refused(encoder):
    settings = {"protocol": PROTOCOLS["jiant"], **SETTINGS}
    with pytest.raises(MissingDataError, match="`xx`: 0 sentences and 0 English"):
        retrieve_tatoeba(encoder, [Bitext("xx", (), ())], layers=[1], **settings)
    with pytest.raises(MissingDataError, match="1 sentences and 2 English"):
        retrieve_tatoeba(encoder, [Bitext("xx", ("a",), ("a", "b"))], layers=[1], **settings)
    with pytest.raises(UsageError, match="no layer 3"):
        retrieve_tatoeba(encoder, [SAME], layers=[3], **settings)


def test_no_two_bars_have_one_name(encoder):
    named = []

    class Named(Silent):
        def bar(self, description, total, *, done=0, unit="it"):
            named.append(description)
            return super().bar(description, total, done=done, unit=unit)

    settings = {**SETTINGS, "progress": Named(), "layers": [1], "title": "s/nli"}
    retrieve_tatoeba(encoder, [SAME, OTHER], protocol=PROTOCOLS["jiant"], **settings)
    settings["pivot"] = encoder
    retrieve_tatoeba(encoder, [SAME], protocol=PROTOCOLS["jiant"], **settings)
    retrieve_bucc(encoder, {"dev": mining_set()}, protocol=PROTOCOLS["laser"], **settings)
    assert named == [
        "s/nli: encoding xx to de (2 of 2 languages)",
        "s/nli: encoding xx, first side",
        "s/nli: encoding xx, second side",
        "s/nli: encoding xx dev, first side",
        "s/nli: encoding xx dev, second side",
    ]
