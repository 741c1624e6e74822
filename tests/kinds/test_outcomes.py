"""Every metric of every task, computed again from the outcomes of its examples."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapterxlt.evaluation.score import outcomes_of, score
from adapterxlt.kinds.bitext_mining import MiningSet
from adapterxlt.kinds.multiple_choice import ChoiceExample
from adapterxlt.kinds.pair_classification import PairExample
from adapterxlt.kinds.registry import get_kind
from adapterxlt.kinds.regression import ValuedText
from adapterxlt.kinds.sentence_retrieval import Bitext
from adapterxlt.kinds.span_qa import QAExample
from adapterxlt.kinds.tagging import TaggingExample
from adapterxlt.kinds.text_classification import LabelledText
from adapterxlt.metrics.facts import get_metric
from adapterxlt.metrics.statistics import fitting
from adapterxlt.retrieval.bucc import Candidates, apply_threshold, tune_threshold
from adapterxlt.retrieval.outcomes import pair_outcomes, rank_outcomes
from adapterxlt.retrieval.tatoeba import rank_scores
from adapterxlt.tasks.catalogue import Task, catalogue

WORDS = ("Łódź", "the old town", "", "la ciudad", "3", "the 3", "中国", "von der Stadt")
SEVERAL = catalogue()["sib200"].model_copy(
    update={
        "multi_label": True,
        "metrics": ("micro_f1", "macro_f1", "accuracy"),
        "main_metric": "micro_f1",
    }
)
NUMBERS = catalogue()["stsb"]
# One of each way to be measured: the tasks of XTREME and XGLUE are all among them.
TASKS = list(
    {
        (task.kind, task.metrics, task.no_answer, task.multi_label, "mlqa" in task.name): task
        for task in (*catalogue().values(), SEVERAL)
        if get_kind(task.kind).trainable and get_kind(task.kind).predicts
    }.values()
)


def made(task: Task, count: int, draw: random.Random) -> tuple[list[Any], list[Any]]:
    """Examples and predictions."""
    labels = task.labels or tuple(f"{n}" for n in range(5))  # those of CCG are with its data
    examples: list[Any] = []
    predictions: list[Any] = []
    for number in range(count):
        name, label = str(number), draw.randrange(len(labels))
        guess = draw.choice([label, draw.randrange(len(labels))])
        if task.kind == "pair_classification":
            query = draw.choice(["a", "b", ""])
            examples.append(PairExample(name, query, "b", label))
            predictions.append(guess)
        elif task.kind == "multiple_choice":
            examples.append(ChoiceExample(name, "c", labels, label))
            predictions.append(guess)
        elif task.kind == "text_classification" and task.multi_label:
            some = [tuple(draw.sample(labels, draw.randrange(3))) for _ in range(2)]
            examples.append(LabelledText(name, "a", labels=some[0]))
            predictions.append(tuple(label for label in labels if label in some[1]))
        elif task.kind == "text_classification":
            examples.append(LabelledText(name, "a", label=labels[label]))
            predictions.append(labels[guess])
        elif task.kind == "regression":
            examples.append(ValuedText(name, "a", value=draw.choice([0.5, 1.25, draw.random()])))
            predictions.append(draw.choice([0.5, draw.gauss(0, 1)]))
        elif task.kind == "tagging":
            tags = [draw.randrange(min(len(labels), 5)) for _ in range(draw.randrange(1, 6))]
            examples.append(TaggingExample(name, tuple("w" * len(tags)), tuple(tags)))
            predictions.append([draw.choice([tag, draw.randrange(len(labels))]) for tag in tags])
        else:
            answers = tuple((0, draw.choice(WORDS)) for _ in range(draw.randrange(1, 4)))
            none = task.no_answer and draw.random() < 0.3
            examples.append(QAExample(name, "q", "c", () if none else answers))
            predictions.append(draw.choice(WORDS))
    return examples, predictions


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.name)
@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 10**6), count=st.integers(1, 12))
def test_metrics_are_what_outcomes_say(task: Task, seed: int, count: int) -> None:
    if not task.labels and get_kind(task.kind).head.labelled:  # type: ignore[union-attr]
        task = task.model_copy(update={"labels": tuple(f"{n}" for n in range(5))})
    language = task.languages[0]
    examples, predictions = made(task, count, random.Random(seed))
    values = score(task, examples, predictions, language, "dev")
    columns = get_kind(task.kind).workings.outcomes(examples, predictions, task, language)
    [kept] = outcomes_of(task, examples, columns, language, "dev", None)
    assert kept.ids.tolist() == list(range(count))
    for metric, value in values.items():
        statistic = fitting(get_metric(metric).statistics, kept.columns)
        assert statistic is not None, metric
        assert statistic.of(kept.columns) == pytest.approx(value, rel=1e-12, abs=1e-9), metric


def test_the_official_tasks_are_among_them() -> None:
    suites = {
        name for name, task in catalogue().items() if {"xtreme", "xglue"} & {*task.benchmarks}
    }
    assert len(suites) > 15
    assert {task.kind for task in TASKS} == {
        get_kind(task.kind).name
        for task in catalogue().values()
        if get_kind(task.kind).trainable and get_kind(task.kind).predicts
    }


@given(st.lists(st.tuples(st.integers(1, 9), st.integers(1, 9)), min_size=1, max_size=20))
def test_figures_of_retrieval_are_what_ranks_say(ranks: list[tuple[int, int]]) -> None:
    both = np.array(ranks).T
    kept = rank_outcomes(Bitext("de", (), ()), (both[0], both[1]), 3, None)
    for metric, value in rank_scores(both[0], both[1]).items():
        statistic = fitting(get_metric(metric).statistics, kept.columns)
        assert statistic is not None, metric
        assert statistic.of(kept.columns) == pytest.approx(value, rel=1e-12), metric


@given(
    st.sets(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=1, max_size=9),
    st.sets(st.tuples(st.integers(0, 5), st.integers(0, 5)), max_size=12),
    st.integers(0, 6),
)
def test_figures_of_mining_are_what_pairs_say(
    gold: set[tuple[int, int]], found: set[tuple[int, int]], cut: int
) -> None:
    names = tuple(map(str, range(6)))
    mining = MiningSet("de", names, names, names, names, frozenset())
    pairs = sorted(found)
    rows = np.array(pairs, dtype=np.int64).reshape(-1, 2)
    candidates = Candidates(np.arange(len(pairs), 0, -1) / 2, rows[:, 0], rows[:, 1])
    tuned = tune_threshold(candidates, gold)
    applied = apply_threshold(candidates, gold, cut / 2)
    cuts = {"found": cut / 2, "found_tuned": tuned.threshold}
    kept = pair_outcomes(mining, candidates, gold, cuts)
    values = {
        "f1": applied.f1,
        "precision": applied.precision,
        "recall": applied.recall,
        "f1_tuned": tuned.f1,
    }
    for metric, value in values.items():
        statistic = fitting(get_metric(metric).statistics, kept.columns)
        assert statistic is not None, metric
        assert statistic.of(kept.columns) == pytest.approx(value, rel=1e-12), metric
