from __future__ import annotations

import subprocess
import sys

import pytest

from adapterxlt.errors import UsageError
from adapterxlt.retrieval.protocols import PROTOCOLS, choose_layer, choose_layers, get_protocol


def test_published_layers():
    def layers(name, depth):
        protocol = PROTOCOLS[name]
        return protocol.tatoeba.layer.layer(depth), protocol.bucc.layer.layer(depth)

    assert layers("xtreme-2020", 24) == (14, 20)  # XLM-R large
    assert layers("xtreme-2020", 12) == (8, 8)  # mBERT
    assert layers("jiant", 24) == (14, 14)
    assert layers("jiant", 12) == (7, 7)
    assert layers("laser", 12) == (12, 12)
    assert layers("xtreme-head", 4) == (2, 3)


def test_the_presets_differ_where_the_scripts_do():
    assert set(PROTOCOLS) == {"xtreme-2020", "xtreme-head", "jiant", "laser"}
    assert {name: p.bucc.pooling for name, p in PROTOCOLS.items()} == {
        "xtreme-2020": "mean",
        "xtreme-head": "cls",
        "jiant": "mean",
        "laser": "max",
    }
    assert [name for name, p in PROTOCOLS.items() if p.duplicates == "expand"] == ["jiant"]
    assert all((p.margin, p.k) == ("ratio", 4) and p.source for p in PROTOCOLS.values())


def test_an_unknown_preset_gets_a_suggestion():
    with pytest.raises(UsageError, match="did you mean `xtreme-2020`"):
        get_protocol("xtreme2020")
    assert get_protocol("jiant").name == "jiant"


def test_layers_asked_for_win_over_the_preset():
    vectors = PROTOCOLS["jiant"].tatoeba
    assert choose_layers(None, vectors, 24) == (14,)
    assert choose_layers("all", vectors, 2) == (0, 1, 2)
    assert choose_layers([3, 1, 3], vectors, 4) == (1, 3)
    for wrong in ([5], [-1], []):
        with pytest.raises(UsageError, match=r"0 .embeddings. to 4, or `all`"):
            choose_layers(wrong, vectors, 4)


def test_one_layer_is_asked_for():
    vectors = PROTOCOLS["jiant"].bucc
    assert choose_layer(None, vectors, 24) == choose_layers(None, vectors, 24)[0]
    assert [choose_layer(layer, vectors, 4) for layer in (0, 4)] == [0, 4]
    for wrong in (5, -1):
        with pytest.raises(UsageError, match=r"0 .embeddings. to 4$"):
            choose_layer(wrong, vectors, 4)


def test_presets_are_listed_without_torch():
    code = "import sys, adapterxlt.retrieval.protocols; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_options_after_a_preset_change_it_and_its_name():
    protocol = get_protocol("jiant+whiten+csls+cls")
    assert protocol.name == "jiant+whiten+csls+cls"
    assert (protocol.transform, protocol.csls, protocol.margin) == ("whiten", True, "distance")
    assert (protocol.tatoeba.pooling, protocol.bucc.pooling) == ("cls", "cls")
    assert protocol.duplicates == "expand"
    assert get_protocol("laser+intersection").retrieval == "intersection"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("jiant+center", "unknown option `center`.*\n.*did you mean `centre`"),
        ("jiant+centre+whiten", "contradict"),
        ("jiant+csls+absolute", "contradict"),
    ],
)
def test_bad_options_are_refused(name, message):
    with pytest.raises(UsageError, match=message):
        get_protocol(name)
