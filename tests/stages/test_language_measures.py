"""Words and frozen features of models on language adapters: each language with its own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from adapterxlt.batching.encode import encode
from adapterxlt.errors import InvalidRecipeError
from adapterxlt.evaluation.features import frozen_features
from adapterxlt.metrics.transferability import logme
from adapterxlt.models.build import load
from adapterxlt.models.speak import load_speaking
from adapterxlt.progress import Silent
from adapterxlt.results.outcomes import read_outcomes
from adapterxlt.tasks.catalogue import get_task
from adapterxlt.tasks.read import read_examples
from adapterxlt.vectors.encode import encode_sentences
from tests.stages.language_bench import LANGUAGES, MADX, Bench
from tests.stages.words import PAIRS, write_lexicon

PROBE = "  words: {probe: [none, madx], on: en_de.tsv, layers: [2]}\n"
SUGGEST = "  which: {suggest: [none, madx], on: pawsx, sample: 10, language: LANGUAGE}\n"


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory, tiny_backbone: Path) -> Bench:
    torch.set_num_threads(1)
    bench = Bench(tmp_path_factory.mktemp("languages"), tiny_backbone)
    write_lexicon(bench.folder / "data" / "en_de.tsv")
    write_lexicon(bench.folder / "data" / "en_fr.tsv")
    for language in ("en", "de", "fr"):
        lines = [f"A {n} {language}.\tB {n * n} a.\t{n % 2}\n" for n in range(10)]
        path = bench.folder / "data" / "pawsx" / f"train-{language}.tsv"
        path.write_text("".join(lines), encoding="utf-8")
    return bench


def vectors(built: Any, texts: list[str]) -> Any:
    found = encode_sentences(
        built, texts, layers=[2], pooling="mean", max_length=64, token_budget=999,
        progress=Silent(),
    )[2]  # fmt: skip
    return found / np.linalg.norm(found, axis=1, keepdims=True)


def by_hand(bench: Bench, built: Any) -> float:
    """LogME of the German training pairs."""
    examples = read_examples(get_task("pawsx"), [bench.folder / "data"], "de", "train")
    features = encode(
        examples, built.tokenizer, "pair_classification", max_length=128, doc_stride=0,
        labelled=True, labels=("0", "1"),
    )  # fmt: skip
    points, classes = frozen_features(
        built, features, "pair_classification", token_budget=8192, seed=1, progress=Silent(),
        description="x",
    )  # fmt: skip
    return logme(points, classes)


def test_words_are_encoded_with_the_adapter_of_their_language(bench: Bench) -> None:
    text = LANGUAGES + MADX + PROBE
    done, plan = bench.run(text), bench.plan(text)
    steps = {name: plan.by_id(f"words/{name}/en_de").step for name in ("none", "madx")}
    assert steps["none"].inputs == ()
    assert "language_adapters" not in steps["none"].params
    assert steps["madx"].inputs == ("madx", "lang_de")
    assert steps["madx"].params["language_adapters"] == {"de": 1, "en": 0}
    rows = [row for row in done.rows if (row.metric, row.pooling) == ("similarity", "mean")]
    assert {row.model: row.language_adapter for row in rows} == {"none": None, "madx": "de"}
    madx, german = (bench.artifact(plan, name) for name in ("madx", "lang_de"))
    english = vectors(load(bench.backbone, madx), [en for en, _ in PAIRS])
    own = vectors(
        load_speaking(bench.backbone, madx, language=german), [other for _, other in PAIRS]
    )
    as_english = vectors(load(bench.backbone, madx), [other for _, other in PAIRS])
    value = next(row.value for row in rows if row.model == "madx")
    assert value == pytest.approx((english * own).sum(axis=1).mean(), abs=1e-5)
    assert value != pytest.approx((english * as_english).sum(axis=1).mean(), abs=1e-4)
    blocks = read_outcomes(bench.artifact(plan, "words/madx/en_de"))
    assert {block.language_adapter for block in blocks or []} == {"de"}
    flags = {row.model: row.contamination for row in done.rows if row.model in ("none", "madx")}
    assert flags["none"] == ""


def test_features_are_those_with_the_adapter_of_the_language(bench: Bench) -> None:
    text = LANGUAGES + MADX + SUGGEST.replace("LANGUAGE", "de")
    done, plan = bench.run(text), bench.plan(text)
    step = plan.by_id("which/madx/pawsx").step
    assert step.inputs == ("madx", "lang_de")
    assert step.params["language_adapters"] == {"de": 1}
    rows = {row.model: row for row in done.rows if row.metric == "logme"}
    assert {model: row.language_adapter for model, row in rows.items()} == {
        "none": None,
        "madx": "de",
    }
    madx, german = (bench.artifact(plan, name) for name in ("madx", "lang_de"))
    own = by_hand(bench, load_speaking(bench.backbone, madx, language=german))
    assert rows["madx"].value == pytest.approx(own)
    assert rows["madx"].value != pytest.approx(by_hand(bench, load(bench.backbone, madx)))
    in_english = LANGUAGES + MADX + SUGGEST.replace("LANGUAGE", "en")
    done, plan = bench.run(in_english), bench.plan(in_english)
    assert plan.by_id("which/madx/pawsx").step.inputs == ("madx",)
    assert {row.language_adapter for row in done.rows if row.model == "madx"} == {"en"}


@pytest.mark.parametrize(
    ("stage", "stands_in"),
    [
        ("  words: {probe: [madx], on: en_fr.tsv, layers: [2]}\n", "en-en"),
        (SUGGEST.replace("LANGUAGE", "fr"), "en"),
    ],
)
def test_a_language_without_one_is_refused_or_told(
    bench: Bench, stage: str, stands_in: str
) -> None:
    strict = MADX.replace(", no_language_adapter: source", "")
    with pytest.raises(InvalidRecipeError, match="`madx` has no language adapter for fr"):
        bench.plan(LANGUAGES + strict + stage)
    done = bench.run(LANGUAGES + MADX + stage)
    told = {row.language_adapter for row in done.rows if row.model == "madx"}
    assert told == {stands_in}
