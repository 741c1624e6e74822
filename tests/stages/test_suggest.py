"""Which intermediate stage may help, told from frozen features."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from adapterxlt.backbones.find import resolve_backbone
from adapterxlt.batching.encode import encode
from adapterxlt.errors import MissingDataError
from adapterxlt.evaluation.features import frozen_features
from adapterxlt.execution.opening import find_sources
from adapterxlt.execution.run import run_recipe
from adapterxlt.kinds.features import IGNORED
from adapterxlt.kinds.multiple_choice import ChoiceExample
from adapterxlt.kinds.registry import get_kind
from adapterxlt.kinds.span_qa import QAExample
from adapterxlt.kinds.tagging import TaggingExample
from adapterxlt.models.build import load
from adapterxlt.plan.plan import make_plan, resolve_sources
from adapterxlt.progress import Silent
from adapterxlt.recipe.load import load_recipe
from adapterxlt.stages.suggest import without_classes
from adapterxlt.store.store import STORE_FOLDER, Store
from adapterxlt.tasks.catalogue import get_task
from adapterxlt.tasks.read import sample
from adapterxlt.vectors.encode import token_states
from tests.recipe.helpers import told

MEASURES = {"linear_probe", "knn", "logme", "h_score", "source_size", "mnli_always"}


def test_a_recipe_ranks_stages(tmp_path: Path, tiny_backbone: Path) -> None:
    folder = tmp_path / "data" / "pawsx"
    folder.mkdir(parents=True)
    texts = [
        f"The {'old' if n % 2 else 'new'} house {n}.\tA house {n}.\t{n % 2}" for n in range(20)
    ]
    for name in ("train-en", "dev-en"):
        (folder / f"{name}.tsv").write_text("\n".join(texts) + "\n", encoding="utf-8")
    path = tmp_path / "r.yaml"
    path.write_text(
        f"name: r\nbackbone: {tiny_backbone}\ndata: data\n"
        "training: {max_steps: 1, lr: 0.01, cap: 12}\n"
        "stages:\n  one: {train: pawsx, method: lora}\n"
        "  direct: {train: pawsx, method: seq_bn}\n"
        "  on_one: {train: pawsx, method: seq_bn, stack_on: one}\n"
        "  scores: {evaluate: [direct, on_one], on: pawsx, languages: en}\n"
        "  which: {suggest: [none, one], on: pawsx, sample: 16}\n",
        encoding="utf-8",
    )
    loaded = load_recipe(path)
    sources = resolve_sources(loaded.recipe, loaded.base)
    done = run_recipe(loaded.recipe, workdir=tmp_path / "w", sources=sources)
    assert not done.failed
    rows = [row for row in done.rows if row.stage == "which"]
    assert {(row.model, row.metric) for row in rows} == {
        (model, metric) for model in ("none", "one") for metric in MEASURES
    }
    values = {(row.model, row.metric): row.value for row in rows}
    assert (values["none", "source_size"], values["one", "source_size"]) == (0, 24)
    assert values["one", "mnli_always"] == 0
    assert {row.n for row in rows} == {16}
    assert all(row.contamination for row in rows if row.model == "one")
    again = run_recipe(loaded.recipe, workdir=tmp_path / "w", sources=sources)
    assert again.done == []


STAGES = """
  mnli: {train: mnli, method: seq_bn}
  again: {train: mnli, method: seq_bn, seed: 2}
  xnli: {train: xnli, method: seq_bn, cap: 4}
  pairs: {train: pawsx, method: seq_bn}
  on_mnli: {train: pawsx, method: seq_bn, stack_on: mnli}
  sparse: {train: pawsx, method: "sft[density=0.1]"}
  merged: {merge: [mnli, pairs]}
  twice: {merge: [mnli, again]}
  some: {train: pawsx, method: seq_bn, cap: 8}
  others: {train: pawsx, method: seq_bn, cap: 8, seed: 2}
  drawn: {merge: [some, others]}
  fused: {fuse: [mnli, xnli], train: pawsx}
"""


def test_the_texts_behind_a_model_are_those_of_all_its_trainings(
    tmp_path: Path, tiny_backbone: Path
) -> None:
    labels = ("entailment", "neutral", "contradiction")
    for name, texts in {
        "pawsx/train-en": [f"A {n}.\tB {n}.\t{n % 2}" for n in range(12)],
        "xnli/train-en": [f"C {n}.\tD {n}.\t{labels[n % 3]}" for n in range(9)],
    }.items():
        file = tmp_path / "data" / f"{name}.tsv"
        file.parent.mkdir(parents=True)
        file.write_text("\n".join(texts) + "\n", encoding="utf-8")
    models = ["none", *(line.split(":")[0].strip() for line in STAGES.strip().splitlines())]
    path = tmp_path / "r.yaml"
    path.write_text(
        f"name: r\nbackbone: {tiny_backbone}\ndata: data\ntraining: {{max_steps: 1, lr: 0.01}}\n"
        f"stages:{STAGES}  which: {{suggest: [{', '.join(models)}], on: pawsx, sample: 10}}\n",
        encoding="utf-8",
    )
    loaded = load_recipe(path)
    sources = resolve_sources(loaded.recipe, loaded.base)
    done = run_recipe(loaded.recipe, workdir=tmp_path / "w", sources=sources)
    assert not done.failed
    values = {(row.model, row.metric): row.value for row in done.rows if row.stage == "which"}
    drawn = set(sample(range(12), 8, 1)) | set(sample(range(12), 8, 2))
    assert 8 < len(drawn) < 16  # the two samples share examples
    counted = {model: values[model, "source_size"] for model in models}
    assert counted == {
        "none": 0,
        "mnli": 18,
        "again": 18,
        "xnli": 8,
        "pairs": 24,
        "on_mnli": 42,
        "sparse": 24,
        "merged": 42,
        "twice": 18,
        "some": 16,
        "others": 16,
        "drawn": 2 * len(drawn),
        "fused": 42,
    }
    on_mnli = {model for model in models if values[model, "mnli_always"]}
    assert on_mnli == {"mnli", "again", "xnli", "on_mnli", "merged", "twice", "fused"}
    plan = make_plan(loaded.recipe, Store(tmp_path / "w" / STORE_FOLDER), sources)
    revised = {
        planned.step.model
        for planned in plan.steps
        if planned.step.kind == "suggest" and "revision" in planned.step.params
    }
    assert revised == {*models} - {"none"}  # of which nothing is counted
    # The same of models that were trained elsewhere.
    models = ["on_mnli", "drawn", "fused"]
    used = "".join(f"  {model}: {{use: 'w:{model}'}}\n" for model in models)
    path.write_text(
        f"name: s\nbackbone: {tiny_backbone}\ndata: data\nstages:\n{used}"
        f"  which: {{suggest: [{', '.join(models)}], on: pawsx, sample: 10}}\n",
        encoding="utf-8",
    )
    loaded = load_recipe(path)
    sources = find_sources(loaded)
    done = run_recipe(loaded.recipe, workdir=tmp_path / "v", sources=sources)
    assert not done.failed
    values = {(row.model, row.metric): row.value for row in done.rows if row.stage == "which"}
    for model in models:
        assert values[model, "source_size"] == counted[model]
        assert values[model, "mnli_always"] == (model in on_mnli)


def test_features_of_words_are_those_of_the_tokens_that_carry_their_tags(
    tiny_backbone: Path,
) -> None:
    built = load(resolve_backbone(str(tiny_backbone), Path.cwd()), None)
    examples = [
        TaggingExample("a", ("The", "old", "house"), (0, 1, 2)),
        TaggingExample("b", ("Bread",), (2,)),
    ]
    features = encode(
        examples, built.tokenizer, "tagging", max_length=32, doc_stride=0, labelled=True
    )
    points, classes = frozen_features(
        built, features, "tagging", token_budget=512, seed=1, progress=Silent(), description="x"
    )
    assert classes.tolist() == [0, 1, 2, 2]
    alone = frozen_features(
        built, features[1:], "tagging", token_budget=512, seed=1, progress=Silent(), description="x"
    )[0]
    np.testing.assert_allclose(points[3:], alone, atol=1e-5)
    labels = features[0].label
    assert isinstance(labels, list)
    assert sum(label != IGNORED for label in labels) == 3


def test_features_of_a_choice_and_of_a_word_of_the_context(tiny_backbone: Path) -> None:
    built = load(resolve_backbone(str(tiny_backbone), Path.cwd()), None)
    choices = [ChoiceExample(str(n), "The house", ("is old", f"has {n} doors"), 0) for n in "abcd"]
    context = "The old house stands near the river."
    answers = ((context.index("river"), "river"),)
    questions = [QAExample(n, f"Where {n}?", context, answers) for n in "abcd"]
    for kind, examples in (("multiple_choice", choices), ("span_qa", questions)):
        features = encode(
            examples, built.tokenizer, kind, max_length=32, doc_stride=0, labelled=True
        )
        points, classes = frozen_features(
            built, features, kind, token_budget=512, seed=1, progress=Silent(), description="x"
        )
        assert sorted(classes.tolist()) == [0, 0, 1, 1]
        chosen = get_kind(kind).workings.points(features, np.random.default_rng(1))
        for point, number, feature in zip(points, classes.tolist(), chosen, strict=True):
            ids = torch.tensor(feature.input_ids)
            with torch.inference_mode():
                states = token_states(built, ids, torch.ones_like(ids), built.backbone.layers)[0]
            if isinstance(feature.label, list):  # the token that carries the class
                place = feature.label.index(number)
                assert set(feature.label) == {IGNORED, number}
                states = states[place : place + 1]
            np.testing.assert_allclose(point, states.mean(dim=0).numpy(), atol=1e-5)


def test_a_sample_without_an_answer_is_refused(tiny_backbone: Path) -> None:
    built = load(resolve_backbone(str(tiny_backbone), Path.cwd()), None)
    examples = [QAExample(n, "Where?", "The old house.", ()) for n in "abcd"]
    features = encode(
        examples, built.tokenizer, "span_qa", max_length=32, doc_stride=0, labelled=True
    )
    with pytest.raises(MissingDataError, match="`x`: the sample has no example with a class"):
        frozen_features(
            built, features, "span_qa", token_budget=512, seed=1, progress=Silent(), description="x"
        )


@pytest.mark.parametrize(
    ("on", "problem"),
    [
        (
            "tatoeba",
            "stages.a.on[0]: `tatoeba` is sentence retrieval (use `retrieve` to rank stages",
        ),
        ("udposs", "stages.a.on[0]: unknown task `udposs`"),
    ],
)
def test_what_cannot_be_a_target_is_refused(on: str, problem: str) -> None:
    (line,) = told(f"name: r\nstages:\n  a: {{suggest: none, on: {on}}}\n")
    assert problem in line


def test_what_has_no_classes() -> None:
    assert without_classes(get_task("stsb")) == (
        "`stsb` is regression, whose examples do not have one class each",
        "compare stages for it by training on a few examples (`cap`)",
    )
    several = get_task("sib200").model_copy(update={"multi_label": True})
    assert without_classes(several) is not None
    for name in ("pawsx", "udpos", "xquad", "xcopa"):
        assert without_classes(get_task(name)) is None
