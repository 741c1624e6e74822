from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from adapterxlt.execution import run
from adapterxlt.execution.contamination import describe_overlap, hash_texts, read_seen, write_seen
from adapterxlt.execution.context import Context
from adapterxlt.execution.leaks import find_leaks
from adapterxlt.execution.measures import write_measures
from adapterxlt.plan.plan import make_plan, resolve_sources
from adapterxlt.plan.steps import PlannedStep
from adapterxlt.progress import Silent
from adapterxlt.recipe.load import load_recipe
from adapterxlt.store.store import Store
from adapterxlt.tasks.catalogue import get_task
from adapterxlt.tasks.read import read_examples
from adapterxlt.tasks.texts import texts_of

STAGES = """
  nli: {train: mnli}
  para: {train: pawsx}
  after: {train: pawsx, after: nli, cap: 1}
  mixed: {merge: [para, after]}
  scores: {evaluate: [para, after, mixed], on: pawsx, languages: [en, de]}
"""


@pytest.fixture
def plan(tmp_path: Path, tiny_backbone: Path) -> Callable[..., Context]:
    """The context of a recipe of these stages on a data folder."""

    def go(stages: str, data: Path) -> Context:
        path = tmp_path / "r.yaml"
        path.write_text(f"name: r\nbackbone: {tiny_backbone}\ndata: {data}\nstages:{stages}")
        loaded = load_recipe(path)
        store = Store(tmp_path / "work" / run.STORE_FOLDER)
        sources = resolve_sources(loaded.recipe, loaded.base)
        return Context(
            loaded.recipe, make_plan(loaded.recipe, store, sources), store, sources, Silent()
        )

    return go


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """The second line of the English dev set is in the training set too, and in that of NLI."""
    for name, text in {
        "xnli/train-en.tsv": "The cat sat.\tA cat sat!\tentailment\n",
        "pawsx/train-en.tsv": "one\ttwo\t1\nThe  CAT sat\tthree\t0\n",
        "pawsx/dev-en.tsv": "four\tfive\t0\nThe cat sat.\tsix\t1\n",
        "pawsx/dev-de.tsv": "vier\tfünf\t0\n",
    }.items():
        path = tmp_path / "data" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tmp_path / "data"


def test_what_is_trained_anywhere_below_a_model_counts(
    plan: Callable[..., Context], data: Path
) -> None:
    # `after` drew the line that does not leak; what is left of it is NLI's text.
    assert find_leaks(plan(STAGES, data)) == [
        "scores: texts of pawsx are in the training of para: en: pawsx 1 of 4 texts",
        "scores: texts of pawsx are in the training of after: en: mnli 1 of 4 texts",
        "scores: texts of pawsx are in the training of mixed: "
        "en: pawsx 1 of 4 texts; mnli 1 of 4 texts",
    ]


def test_models_with_the_same_leaks_go_together_and_clean_ones_are_silent(
    plan: Callable[..., Context], data: Path
) -> None:
    stages = """
  a: {train: pawsx}
  b: {train: pawsx, seed: 2}
  c: {train: xnli}
  scores: {evaluate: [a, b], on: pawsx, languages: en}
  others: {evaluate: [a], on: pawsx, languages: de}
"""
    assert find_leaks(plan(stages, data)) == [
        "scores: texts of pawsx are in the training of a, b: en: pawsx 1 of 4 texts"
    ]


def test_the_run_warns_before_it_works(
    plan: Callable[..., Context],
    data: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told: list[str] = []

    def work(planned: PlannedStep, context: Context, staging: Path) -> None:
        told.append(planned.step.id)
        write_measures(staging / "out", [])
        if planned.step.kind == "train":
            write_seen(staging / "out", {"pawsx-0": hash_texts(["six"])}, [])

    class Told(Silent):
        def log(self, message: str) -> None:
            told.append(message)

    monkeypatch.setattr(run, "_runner", lambda kind: work)
    stages = "\n  para: {train: pawsx}\n  scores: {evaluate: para, on: pawsx, languages: en}\n"
    recipe = plan(stages, data).recipe
    run.run_recipe(
        recipe,
        workdir=tmp_path / "work",
        sources=resolve_sources(recipe, tmp_path),
        progress=Told(),
    )
    warning = "warning: scores: texts of pawsx are in the training of para: en: pawsx 1 of 4 texts"
    assert told == [warning, "para", "scores/para/pawsx"]

    # What is evaluated already is not looked at; what is trained already is looked up.
    run.run_recipe(
        recipe,
        workdir=tmp_path / "work",
        sources=resolve_sources(recipe, tmp_path),
        progress=Told(),
    )
    assert len(told) == 3
    more = stages + "  more: {evaluate: para, on: pawsx, languages: de}\n"
    assert find_leaks(plan(more, data)) == []
    (data / "pawsx/dev-de.tsv").write_text("Six!\tsieben\t0\n")
    assert find_leaks(plan(more, data)) == [
        "more: texts of pawsx are in the training of para: de: pawsx 1 of 2 texts"
    ]


def test_xquad_lies_inside_squad_dev(plan: Callable[..., Context], real_data: Path) -> None:
    stages = """
  qa: {train: squad, split: dev}
  scores: {evaluate: qa, on: xquad, languages: [en, de]}
"""
    (leak,) = find_leaks(plan(stages, real_data))
    texts = len(hash_texts(texts_of(read_examples(get_task("xquad"), [real_data], "en", "dev"))))
    start = "scores: texts of xquad are in the training of qa: en: squad "
    assert leak.startswith(start)
    # All 240 paragraphs and 1,190 questions, but for a few that were edited.
    seen = int(leak.removeprefix(start).split()[0])
    assert texts > 1400
    assert seen >= texts - 5


def test_mini_has_seen_paws_x(real_data: Path) -> None:
    from adapterxlt.bundled import bundled

    seen = read_seen(bundled("artifacts/backbones/mini"), None)
    for language in ("en", "de", "zh"):
        examples = read_examples(get_task("pawsx"), [real_data], language, "dev")
        hashes = hash_texts(texts_of(examples))
        assert describe_overlap(hashes, seen) == (
            f"pretraining {hashes.size} of {hashes.size} texts"
        )
