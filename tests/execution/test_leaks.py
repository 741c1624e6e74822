from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from adapterxlt.execution import run
from adapterxlt.execution.leaks import Leak, describe_leaks, find_leaks
from adapterxlt.execution.preflight import preflight
from adapterxlt.kinds.facts import Example
from adapterxlt.plan.plan import Sources, make_plan, resolve_sources
from adapterxlt.plan.steps import PlannedStep
from adapterxlt.progress import Silent
from adapterxlt.recipe.load import load_recipe
from adapterxlt.recipe.steps import Step
from adapterxlt.recipe.task_data import Part
from adapterxlt.results.measures import write_measures
from adapterxlt.stages.running import text_hashes
from adapterxlt.stages.running.contamination import (
    describe_overlap,
    hash_texts,
    read_seen,
    write_seen,
)
from adapterxlt.stages.running.context import Context
from adapterxlt.stages.running.data import training_examples
from adapterxlt.store.store import STORE_FOLDER, Store
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
        store = Store(tmp_path / "work" / STORE_FOLDER)
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
        Leak("pawsx", model, ("en",), 1, 4) for model in ("para", "after", "mixed")
    ]


def test_models_that_saw_nothing_are_silent(plan: Callable[..., Context], data: Path) -> None:
    stages = """
  a: {train: pawsx}
  b: {train: pawsx, seed: 2}
  c: {train: xnli}
  scores: {evaluate: [a, b], on: pawsx, languages: en}
  others: {evaluate: [a], on: pawsx, languages: de}
"""
    assert find_leaks(plan(stages, data)) == [
        Leak("pawsx", "a", ("en",), 1, 4),
        Leak("pawsx", "b", ("en",), 1, 4),
    ]


def test_language_adapters_that_are_swapped_in_count(
    plan: Callable[..., Context], data: Path
) -> None:
    for name, text in {
        "mlm/en.txt": "A line.\n",
        "mlm/de.txt": "vier\nHund\n",
        "tatoeba/de-en.de": "Hund\nKatze\n",
        "tatoeba/de-en.en": "dog\nA line.\n",
    }.items():
        path = data / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    stages = """
  lang_en: {train: {task: mlm, language: en}, method: seq_bn_inv}
  lang_de: {train: {task: mlm, language: de}, method: seq_bn_inv}
  madx: {train: pawsx, language_adapters: "lang_{language}"}
  scores: {evaluate: madx, on: pawsx, languages: [en, de]}
  search: {retrieve: [none, madx], on: tatoeba, languages: de, language_adapters: "lang_{language}"}
"""
    assert find_leaks(plan(stages, data)) == [
        Leak("pawsx", "madx", ("en", "de"), 2, 6),  # `vier`, of the adapter of German
        Leak("tatoeba", "none", ("de",), 2, 4),
        Leak("tatoeba", "madx", ("de",), 2, 4),
    ]


def test_of_a_sample_only_its_own_texts_count(plan: Callable[..., Context], data: Path) -> None:
    lines = "".join(f"one {number}\ttwo {number}\t{number % 2}\n" for number in range(30))
    (data / "pawsx/train-en.tsv").write_text(lines, encoding="utf-8")
    stages = """
  para: {train: pawsx}
  which: {suggest: [none, para], on: pawsx, sample: 12}
"""
    assert find_leaks(plan(stages, data)) == [Leak("pawsx", "para", ("en",), 24, 24)]


def test_one_line_tells_of_all_leaks_the_largest_first() -> None:
    assert describe_leaks([]) == ""
    one = Leak("xnli", "nli", ("en",), 69, 392)
    assert describe_leaks([one]) == (
        "evaluation texts were seen in training: xnli en: 69 of 392 (nli). They are flagged in "
        "the results"
    )
    languages = ("de", "en", "fr", "zh")
    several = [Leak("pawsx", f"m{n}", languages, 5 + (n == 3), 100) for n in range(5)]
    small = [Leak(f"t{n}", "m", ("sw",), 1, 1000 + n) for n in range(3)]
    assert describe_leaks([*small, *several, one]) == (
        "evaluation texts were seen in training: xnli en: 69 of 392 (nli); pawsx de, en, fr and "
        "1 more: up to 6 of 100 (m3, m0, m1 and 2 more); t0 sw: 1 of 1000 (m); 2 more tasks. "
        "They are flagged in the results"
    )


def test_each_training_set_is_read_once(
    plan: Callable[..., Context], data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = []

    def counted(part: Part, step: Step, sources: Sources) -> list[Example]:
        read.append((part.task, part.cap, step.number("seed") if part.cap else None))
        return training_examples(part, step, sources)

    monkeypatch.setattr(text_hashes, "training_examples", counted)
    stages = """
  a: {train: pawsx}
  b: {train: pawsx, seed: 2}
  c: {train: pawsx, seed: 2, cap: 1}
  d: {train: pawsx, seed: 3, cap: 1}
  scores: {evaluate: [a, b, c, d], on: pawsx, languages: [en, de]}
"""
    context = plan(stages, data)
    preflight(context)
    find_leaks(context)
    assert read == [("pawsx", None, None), ("pawsx", 1, 2), ("pawsx", 1, 3)]


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

    monkeypatch.setattr("adapterxlt.execution.step._runner", lambda kind: work)
    stages = "\n  para: {train: pawsx}\n  scores: {evaluate: para, on: pawsx, languages: en}\n"
    recipe = plan(stages, data).recipe
    run.run_recipe(
        recipe,
        workdir=tmp_path / "work",
        sources=resolve_sources(recipe, tmp_path),
        progress=Told(),
    )
    warning = (
        "warning: evaluation texts were seen in training: pawsx en: 1 of 4 (para). They are "
        "flagged in the results"
    )
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
    assert find_leaks(plan(more, data)) == [Leak("pawsx", "para", ("de",), 1, 2)]


def test_xquad_lies_inside_squad_dev(plan: Callable[..., Context], real_data: Path) -> None:
    stages = """
  qa: {train: squad, split: dev}
  scores: {evaluate: qa, on: xquad, languages: [en, de]}
"""
    (leak,) = find_leaks(plan(stages, real_data))
    texts = len(hash_texts(texts_of(read_examples(get_task("xquad"), [real_data], "en", "dev"))))
    assert (leak.model, leak.languages, leak.total) == ("qa", ("en",), texts)
    # All 240 paragraphs and 1,190 questions, but for a few that were edited.
    assert texts > 1400
    assert leak.seen >= texts - 5


def test_mini_has_seen_paws_x(real_data: Path) -> None:
    from adapterxlt.bundled import bundled

    seen = read_seen(bundled("artifacts/backbones/mini"), None)
    for language in ("en", "de", "zh"):
        examples = read_examples(get_task("pawsx"), [real_data], language, "dev")
        hashes = hash_texts(texts_of(examples))
        assert describe_overlap(hashes, seen) == (
            f"pretraining {hashes.size} of {hashes.size} texts"
        )
