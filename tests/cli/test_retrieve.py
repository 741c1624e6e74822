from __future__ import annotations

import json

import numpy as np
import pytest
from click.testing import CliRunner

from adapterxlt.cli.main import cli
from tests import tiny

TEXTS = list(dict.fromkeys(tiny.SENTENCES))[:12]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a").write_text("\n".join(TEXTS[:8]) + "\n", encoding="utf-8")
    (tmp_path / "b").write_text("\n".join(TEXTS[:8]) + "\n", encoding="utf-8")
    left = [f"xx-{i}\t{text}" for i, text in enumerate(TEXTS[:8])]
    right = [f"en-{i}\t{text}" for i, text in enumerate(TEXTS[3:])]
    gold = [f"xx-{i}\ten-{i - 3}" for i in range(3, 8)]
    for name, lines in (("m.xx", left), ("m.en", right), ("m.gold", gold)):
        (tmp_path / name).write_text("\n".join(lines) + "\n", encoding="utf-8")
    rng = np.random.default_rng(0)
    np.save("v.npy", rng.normal(size=(8, 5)).astype(np.float32))
    np.save("w.npy", rng.normal(size=(6, 4)))
    return tmp_path


def run(*arguments):
    return CliRunner().invoke(cli, ["retrieve", *arguments])


def test_the_grid_of_layers_and_poolings_names_its_best(folder, tiny_backbone):
    result = run(
        "a", "b", "--backbone", str(tiny_backbone), "--layers", "all", "--pooling", "all", "--json"
    )
    assert result.exit_code == 0, result.output
    document = json.loads(result.stdout)
    places = {(scored["layer"], scored["pooling"]) for scored in document["grid"]}
    assert places == {
        (layer, pooling)
        for layer in (0, 1, 2)
        for pooling in ("mean", "mean-no-special", "cls", "max")
    }
    # Embeddings of the first token are all alike, but for that the text finds itself everywhere.
    figures = {(s["layer"], s["pooling"]): s["values"]["accuracy"] for s in document["grid"]}
    assert figures[0, "cls"] == 12.5
    assert figures[2, "mean"] == 100.0
    assert document["best"]["values"]["accuracy"] == 100.0
    text = run("a", "b", "--backbone", str(tiny_backbone), "--layers", "0,1").stdout
    assert "best accuracy: 100.0 at layer 0, mean pooling" in text


def test_mining_with_gold_and_a_threshold_from_elsewhere(folder, tiny_backbone):
    given = ["m.xx", "m.en", "--gold", "m.gold", "--backbone", str(tiny_backbone), "--json"]
    values = json.loads(run(*given).stdout)["best"]["values"]
    assert values["f1"] == 100.0
    high = json.loads(run(*given, "--threshold", "99").stdout)["best"]["values"]
    assert (high["f1"], high["threshold"]) == (0.0, 99.0)
    assert high["f1_tuned"] == 100.0
    assert high["threshold_tuned"] == values["threshold"]


def test_saved_vectors_score_as_the_encoder_did(folder, tiny_backbone):
    for extra, gold in (([], []), (["--gold", "m.gold"], ["--gold", "rows"])):
        texts = ["m.xx", "m.en"] if extra else ["a", "b"]
        (folder / "rows").write_text("".join(f"{i + 1}\t{i - 2}\n" for i in range(3, 8)))
        encoder = ["--backbone", str(tiny_backbone), "--layers", "1", "--save-vectors", "v"]
        first = json.loads(run(*texts, *extra, *encoder, "--json").stdout)["best"]["values"]
        files = ["v/source.1-mean.npy", "v/target.1-mean.npy"]
        again = run(*files, "--vectors", *gold, "--json")
        assert json.loads(again.stdout)["best"]["values"] == first


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["v.npy", "w.npy", "--vectors"], 1, "5 dimensions, target vectors 4"),
        (["v.npy", "a", "--vectors"], 5, "a: cannot be read as vectors"),
        (["v.npy", "v.npy", "--vectors", "--layers", "1"], 2, "cannot be combined with an encoder"),
        (["v.npy", "v.npy", "--vectors", "--gold", "bad"], 5, "bad:1: there are 8 source"),
        (["a", "b", "--threshold", "1"], 2, "needs --gold"),
        (["a", "b", "--pooling", "men"], 2, "did you mean `mean`"),
        (["a", "b", "--index", "flt"], 2, "did you mean `flat`"),
        (["a", "b", "--layers", "x"], 2, "expected numbers"),
        (["blank", "blank"], 5, "blank: the file has only blank lines"),
        (["a", "short"], 5, "8 lines, but short has 1"),
        (["a", "m.en", "--gold", "m.gold"], 5, "a:1: no id"),
        (["m.xx", "m.en", "--gold", "wrong"], 5, "wrong:1: the gold pair names `xx-99`"),
    ],
)
def test_bad_requests(folder, tiny_backbone, arguments, code, message):
    (folder / "bad").write_text("1\t9\n")
    (folder / "blank").write_text("\n\n\n")
    (folder / "short").write_text("one\n")
    (folder / "wrong").write_text("xx-99\ten-1\n")
    encoder = [] if "--vectors" in arguments else ["--backbone", str(tiny_backbone)]
    result = run(*arguments, *encoder)
    assert result.exit_code == code, result.output
    assert message in result.stderr


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_vectors_that_are_not_finite(folder, value):
    bad = np.ones((8, 5), np.float32)
    bad[2, 1] = value
    np.save("bad.npy", bad)
    result = run("v.npy", "bad.npy", "--vectors")
    assert result.exit_code == 1
    assert "hold NaN or infinity" in result.stderr


@pytest.mark.parametrize("number", ["nan", "inf", "-inf"])
def test_a_threshold_that_nothing_compares_with(folder, number):
    result = run("v.npy", "v.npy", "--vectors", "--gold", "gold", "--threshold", number)
    assert result.exit_code == 2
    assert "is not a finite number" in result.stderr


def test_vectors_of_any_scale_give_the_same_figures(folder):
    rng = np.random.default_rng(0)
    english = rng.normal(size=(50, 16))
    foreign = english + rng.normal(size=(50, 16))
    np.save("en.npy", english.astype(np.float32))
    figures = []
    for scale in (1, 1e30, 1e-30):
        np.save("xx.npy", (foreign * scale).astype(np.float32))
        result = run("xx.npy", "en.npy", "--vectors", "--json")
        figures.append(json.loads(result.stdout)["best"]["values"])
    assert figures[0] == figures[1] == figures[2]
    for scale in (1e60, 1e-60):
        np.save("xx.npy", foreign * scale)
        result = run("xx.npy", "en.npy", "--vectors")
        assert "xx.npy: row 1 has numbers too large or too small" in result.stderr


def test_zero_vectors_are_told(folder):
    vectors = np.eye(8, dtype=np.float32)
    vectors[3] = 0
    np.save("zero.npy", vectors)
    result = run("zero.npy", "zero.npy", "--vectors", "--json")
    assert "1 of 8 source vectors are zero" in result.stderr
    assert json.loads(result.stdout)["best"]["values"]["accuracy"] == 87.5
