from __future__ import annotations

import json
from pathlib import Path

import pytest

from adapterxlt.backbones.backbone import Backbone
from adapterxlt.errors import InvalidArtifactError
from adapterxlt.execution.results import collect_rows, english_first, same_data
from adapterxlt.plan.plan import Sources
from adapterxlt.plan.steps import Plan, PlannedStep, Step
from adapterxlt.progress import Silent
from adapterxlt.recipe.kinds import kind_of
from adapterxlt.recipe.schema import Recipe, TrainingBlock
from adapterxlt.results.kept import write_results
from adapterxlt.results.measures import Measure, read_measures, write_measures
from adapterxlt.results.rows import Row
from adapterxlt.stages.evaluate import EvaluateStage
from adapterxlt.stages.retrieve import RetrieveStage
from adapterxlt.stages.running.context import Context
from adapterxlt.stages.train import TrainStage
from adapterxlt.store.store import Store
from adapterxlt.tasks.catalogue import catalogue

BACKBONE = Backbone(
    name="mini",
    path=Path("nowhere"),
    hash="h",
    hidden_size=32,
    layers=2,
    max_positions=130,
    model_type="xlm-roberta",
)
RECIPE = Recipe(
    name="r",
    seed=5,
    training=TrainingBlock(cap=100),
    stages={
        "direct": TrainStage(train="pawsx"),
        "nli": TrainStage(train="mnli", seed=9),
        "scores": EvaluateStage(evaluate=["nli", "direct"], on=["pawsx"], cap=20),
        "search": RetrieveStage(retrieve=["nli", "none"], on=["tatoeba"], layers=[1]),
    },
)
MEASURE = Measure("de", "dev", "accuracy", True, 61.5, 20, None, "mnli 3 of 40 texts")


def planned(step: Step, digit: str) -> PlannedStep:
    return PlannedStep(step, digit * 64, {"data": "", "inputs": []}, "todo", "")


@pytest.fixture
def context(tmp_path: Path) -> Context:
    params = {"task": "pawsx", "method": "seq_bn", "relation": "none", "cap": 100}
    found: dict[str, object] = {"task": "tatoeba", "protocol": {"name": "xtreme-2020"}}
    steps = (
        planned(Step("direct", "train", "direct", (), params), "1"),
        planned(Step("nli", "train", "nli", (), params | {"task": "mnli"}), "2"),
        planned(Step("scores/nli/pawsx", "evaluate", "scores", ("nli",), {"task": "pawsx"}), "3"),
        planned(Step("search/none/tatoeba", "retrieve", "search", (), found), "4"),
    )
    store = Store(tmp_path)
    return Context(RECIPE, Plan("r", steps), store, Sources(BACKBONE, ()), Silent())


def finish(context: Context, step_id: str, *measures: Measure) -> None:
    step = context.plan.by_id(step_id)
    write_measures(context.store.open_staging(step.fingerprint) / "out", measures)
    context.store.commit(
        step.fingerprint,
        kind=step.step.kind,
        title=step_id,
        recipe="r",
        parts={},
        lineage={},
    )


def test_rows_say_what_they_came_from(context: Context) -> None:
    finish(context, "scores/nli/pawsx", MEASURE)
    (row,) = collect_rows(context)
    assert (row.model, row.baseline, row.seed) == ("nli", "direct", 9)
    assert row.lineage == "mini > mnli (seq_bn, 100 examples)"
    assert row.data == "pocket"
    assert row.fingerprint == "2" * 64
    assert (row.protocol, row.caps) == ("zero-shot", "train 100, evaluate 20")
    assert (row.value, row.contamination) == (61.5, "mnli 3 of 40 texts")


def test_the_bare_backbone_is_the_baseline_of_retrieval(context: Context) -> None:
    finish(context, "search/none/tatoeba", Measure("de", "test", "accuracy", True, 40.0, 20, 1))
    (row,) = collect_rows(context)
    assert (row.model, row.baseline, row.seed, row.fingerprint) == ("none", "", 5, "")
    assert (row.layer, row.lineage, row.protocol) == (1, "mini", "xtreme-2020")


@pytest.mark.parametrize(
    ("chain", "wanted"),
    [
        (["mnli", "xglue_xnli"], ("mnli",)),
        (["squad", "mnli", "xglue_mlqa"], ("squad",)),
        (["xglue_mlqa", "squad"], ("xglue_mlqa",)),
        (["mnli", "mnli"], ()),
        (["mnli", "xglue_pawsx"], ()),
        (["snli", "gone", "xglue_xnli"], ()),
        ([], ()),
    ],
)
def test_tasks_with_the_same_training_data(chain: list[str], wanted: tuple[str, ...]) -> None:
    lineage = {"steps": [{"params": {"task": name}} for name in chain]}
    assert same_data(lineage, catalogue()) == wanted


def test_english_comes_first_by_any_code() -> None:
    assert english_first({"de", "en", "ar"}) == ("en", "ar", "de")
    assert english_first({"deu_Latn", "eng_Latn"}) == ("eng_Latn", "deu_Latn")


def test_measures_come_back_as_they_were(tmp_path: Path) -> None:
    write_measures(tmp_path, [MEASURE, Measure("en", "test", "f1", False, 0.1 + 0.2, 3, 2)])
    assert read_measures(tmp_path) == [
        MEASURE,
        Measure("en", "test", "f1", False, 0.1 + 0.2, 3, 2, ""),
    ]


def test_results_of_other_recipes_stay(context: Context, tmp_path: Path) -> None:
    finish(context, "scores/nli/pawsx", MEASURE)
    (row,) = collect_rows(context)
    other = Row(**(row.as_dict() | {"recipe": "a", "value": 1.0}))  # type: ignore[arg-type]
    write_results(tmp_path, "r", [row, row])
    write_results(tmp_path, "a", [other])
    path = write_results(tmp_path, "r", [row])
    document = json.loads(path.read_text())
    assert document["schema"] == 1
    assert [(found["recipe"], found["value"]) for found in document["rows"]] == [
        ("a", 1.0),
        ("r", 61.5),
    ]


@pytest.mark.parametrize("content", [None, "", "{}[", '[{"language": "de"}]', "3"])
def test_measures_that_cannot_be_read(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / "measures.json").write_text(content)
    with pytest.raises(InvalidArtifactError, match=r"measures\.json: does not hold valid measures"):
        read_measures(tmp_path)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("value", "NaN"),
        ("value", "-Infinity"),
        ("value", "1e999"),
        ("value", '"x"'),
        ("value", "[]"),
        ("value", "null"),
        ("n", "2.5"),
        ("main", "1"),
        ("language", "[]"),
        ("language", r'"\ud800"'),
        ("layer", '"1"'),
        ("pooling", "7"),
        ("unknown", "1"),
    ],
)
def test_measures_whose_fields_are_of_another_type(tmp_path: Path, key: str, value: str) -> None:
    path = tmp_path / "measures.json"
    write_measures(tmp_path, [MEASURE])
    (told,) = json.loads(path.read_text())
    told.pop(key, None)
    path.write_text(f"[{json.dumps(told)[:-1]}, {json.dumps(key)}: {value}}}]")
    with pytest.raises(InvalidArtifactError, match=r"measures\.json: does not hold valid measures"):
        read_measures(tmp_path)


@pytest.mark.parametrize(
    ("stage", "expected"),
    [
        (EvaluateStage(evaluate=["a", "direct"], on=["pawsx"]), "direct"),
        (EvaluateStage(evaluate=["a", "b"], on=["pawsx"]), "a"),
        (EvaluateStage(evaluate=["a", "direct"], on=["pawsx"], baseline="a"), "a"),
        (RetrieveStage(retrieve=["a", "none"], on=["tatoeba"]), "none"),
        (RetrieveStage(retrieve=["a", "b"], on=["tatoeba"]), "a"),
    ],
)
def test_baseline(stage: EvaluateStage | RetrieveStage, expected: str) -> None:
    assert kind_of(stage).compared_with(stage) == expected
