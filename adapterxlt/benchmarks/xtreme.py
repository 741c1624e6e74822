"""XTREME: its nine tasks, scored as its `evaluate.py` scores them. Values in percent.

Source: Hu et al. 2020 and google-research/xtreme, `evaluate.py` with seqeval 0.0.12.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from adapterxlt.benchmarks.classes import score_classes
from adapterxlt.benchmarks.reading import (
    WITHHELD,
    read_numbers,
    read_pairs,
    require_known,
    same_length,
)
from adapterxlt.benchmarks.spec import Benchmark, Pair, Scored, TaskSpec
from adapterxlt.benchmarks.squad import score_answers
from adapterxlt.benchmarks.tagging import UNTAGGED, score_tags
from adapterxlt.metrics.counts import accuracy, set_scores
from adapterxlt.tasks.reading import bad, read_lines

_LABELS = "{split}-{lang}.tsv"
_ANSWERS = "{split}-{lang}.json"
_EM_F1 = ("exact_match", "f1")
_squad = partial(score_answers, per_language=False)
_mlqa = partial(score_answers, per_language=True)


def _score_bucc(pair: Pair) -> Scored:
    gold = read_pairs(pair.labels)
    if not gold:
        raise bad(pair.labels, 0, "no gold pairs", WITHHELD)
    predicted = read_pairs(pair.predictions)
    return Scored(set_scores(gold, predicted), _remark_ids(gold, predicted, pair.predictions))


def _remark_ids(
    gold: Sequence[tuple[str, str]], predicted: Sequence[tuple[str, str]], path: Path
) -> list[str]:
    """Return remarks on pairs whose ids are not among the labels' ids, or are swapped."""
    for side, place in (("source", 0), ("target", 1)):
        there, other = ({pair[column] for pair in gold} for column in (place, 1 - place))
        ids = [pair[place] for pair in predicted]
        if ids and there.isdisjoint(ids):
            hint = (
                "source and target ids are swapped"
                if not other.isdisjoint(ids)
                else "check that these predictions belong to these labels"
            )
            return [
                f"{path}: none of its {side} ids (`{ids[0][:60]}`) is in the labels "
                f"(`{gold[0][place][:60]}`)\n  {hint}"
            ]
    return []


def _score_tatoeba(pair: Pair) -> Scored:
    if pair.labels.suffix == ".eng":  # LASER's file; XTREME's is a sorted copy of it
        english = [line.strip() for line in read_lines(pair.labels)]
        gold = [str(line) for line in sorted(range(len(english)), key=english.__getitem__)]
    else:
        gold = read_numbers(pair.labels)
    predicted = read_numbers(pair.predictions)
    same = require_known(pair.labels, gold, ())
    same_length(gold, predicted, pair.predictions)
    return Scored(
        {"accuracy": accuracy(gold, predicted)},
        _remark_numbers(predicted, len(gold), pair.predictions),
        same,
    )


def _remark_numbers(predicted: Sequence[str], count: int, path: Path) -> list[str]:
    """Return remarks on line numbers that do not exist."""
    beyond = [
        (line, number)
        for line, number in enumerate(predicted, start=1)
        if not 0 <= int(number) < count
    ]
    if not beyond:
        return []
    line, number = beyond[0]
    return [
        (
            f"{path}: {len(beyond)} of {count} predictions are not line numbers (`{number}` "
            f"in line {line}) and count as wrong\n  line numbers run from 0 to {count - 1}"
        )
    ]


def _task(
    name: str,
    score: Callable[[Pair], Scored],
    title: str,
    predictions: str = _LABELS,
    *,
    layouts: tuple[str, ...] = ("xtreme",),
    official: tuple[str, ...] = (),
    beside: str = "",
    aliases: tuple[str, ...] = (),
) -> TaskSpec:
    return TaskSpec(
        name=name,
        task=name,
        predictions=predictions,
        score=score,
        layouts=layouts,
        labelled_alike=True,
        official=official,
        title=title,
        beside=beside,
        aliases=aliases,
    )


XTREME = Benchmark(
    name="xtreme",
    title="XTREME",
    unit=1.0,
    overall="overall",
    help="Score the nine tasks of XTREME, in percent.\n\n    The command reads TASK/SPLIT-XX.tsv "
    "(.json for answers) in both folders. Labels can also be in\n    the layout of the "
    "XTREME downloads.\n    ",
    tasks=(
        _task("xnli", score_classes, "accuracy"),
        _task("pawsx", score_classes, "accuracy"),
        _task(
            "udpos",
            partial(score_tags, further=UNTAGGED),
            "chunk F1 of raw tags",
            beside="token_accuracy",
        ),
        _task("panx", score_tags, "F1", aliases=("wikiann",)),
        _task("xquad", _squad, "mean of EM and F1", _ANSWERS, official=_EM_F1),
        _task("mlqa", _mlqa, "mean of EM and F1", _ANSWERS, official=_EM_F1),
        _task(
            "tydiqa",
            _squad,
            "mean of EM and F1",
            _ANSWERS,
            official=_EM_F1,
            aliases=("tydiqa-goldp",),
        ),
        _task(
            "bucc2018",
            _score_bucc,
            "F1 of pairs",
            layouts=("xtreme:gold", "bucc:gold"),
            aliases=("bucc",),
        ),
        _task(
            "tatoeba",
            _score_tatoeba,
            "accuracy",
            layouts=("jiant:labels", "laser:target", "xtreme:original"),
        ),
    ),
    groups={
        "classification": ("pawsx", "xnli"),
        "tagging": ("udpos", "panx"),
        "qa": ("xquad", "mlqa", "tydiqa"),
        "retrieval": ("bucc2018", "tatoeba"),
    },
)
