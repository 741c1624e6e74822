"""XTREME: its nine tasks, scored as its `evaluate.py` scores them. Values in percent.

Source: Hu et al. 2020 and google-research/xtreme, `evaluate.py` with seqeval 0.0.12.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

from adapterxlt.metrics.counts import accuracy, set_scores
from adapterxlt.scoring.classes import score_classes
from adapterxlt.scoring.files import (
    WITHHELD,
    read_numbers,
    read_pairs,
    require_known,
    same_length,
)
from adapterxlt.scoring.labels import BINARY, NLI, PANX_TAGS, POS_TAGS
from adapterxlt.scoring.spec import Benchmark, Pair, Scored, TaskSpec
from adapterxlt.scoring.squad import score_answers
from adapterxlt.scoring.tagging import score_tags
from adapterxlt.tasks.catalogue import get_task
from adapterxlt.tasks.files import bad, read_lines

_PANX = "ar he vi id jv ms tl eu ml ta te af nl en de el bn hi mr ur fa fr it pt es bg ru ja ka ko"
_PANX += " th sw yo my zh kk tr et fi hu"
_UDPOS = "af ar bg de el en es et eu fa fi fr he hi hu id it ja kk ko mr nl pt ru ta te th tl tr ur"
_UDPOS += " vi yo zh"


def _score_bucc(pair: Pair) -> Scored:
    gold = read_pairs(pair.labels)
    if not gold:
        raise bad(pair.labels, 0, "no gold pairs", WITHHELD)
    predicted = read_pairs(pair.predictions)
    return Scored(set_scores(gold, predicted), _remark_ids(gold, predicted, pair.predictions))


def _remark_ids(
    gold: Sequence[tuple[str, str]], predicted: Sequence[tuple[str, str]], path: Path
) -> list[str]:
    """Tell of pairs that are of other ids than the labels', or the wrong way round."""
    for side, place in (("source", 0), ("target", 1)):
        there, other = ({pair[column] for pair in gold} for column in (place, 1 - place))
        ids = [pair[place] for pair in predicted]
        if ids and there.isdisjoint(ids):
            hint = (
                "source and target ids have changed places"
                if not other.isdisjoint(ids)
                else "are these the predictions of another file?"
            )
            return [
                f"{path}: none of its {side} ids (`{ids[0][:60]}`) is in the labels "
                f"(`{gold[0][place][:60]}`)\n  {hint}"
            ]
    return []


def _score_tatoeba(pair: Pair) -> Scored:
    if pair.labels.suffix == ".eng":  # LASER's, of which XTREME's is the sorted copy
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
    """Tell of line numbers that there are no lines of."""
    beyond = [
        (line, number)
        for line, number in enumerate(predicted, start=1)
        if not 0 <= int(number) < count
    ]
    if not beyond:
        return []
    line, number = beyond[0]
    return [
        f"{path}: {len(beyond)} of {count} predictions are numbers of no line (`{number}` in line "
        f"{line}): they count as wrong\n  lines are counted from 0 to {count - 1}"
    ]


def _task(
    name: str,
    languages: str,
    score: Callable[[Pair], Scored],
    official: tuple[str, ...],
    title: str,
    *,
    labels: tuple[str, ...] = (),
    suffix: str = "tsv",
    beside: str = "",
    aliases: tuple[str, ...] = (),
    fields: Callable[[str, str], Mapping[str, str]] = lambda _language, _split: {},
) -> TaskSpec:
    file = f"{{split}}-{{lang}}.{suffix}"
    return TaskSpec(
        name=name,
        languages=tuple(languages.split()),
        predictions=(file,),
        labels=(file, *labels),
        score=score,
        official=official,
        title=title,
        beside=beside,
        aliases=aliases,
        fields=fields,
    )


def _bucc_part(_language: str, split: str) -> dict[str, str]:
    """What the shared task calls XTREME's splits."""
    return {"part": {"dev": "sample", "test": "training"}[split]}


def _iso3(language: str, _split: str) -> dict[str, str]:
    """The code of a language in LASER's file names."""
    return {"iso3": get_task("tatoeba").iso3[language]}


_EM_F1 = ("exact_match", "f1")
_squad = partial(score_answers, per_language=False)
_mlqa = partial(score_answers, per_language=True)

XTREME = Benchmark(
    name="xtreme",
    title="XTREME",
    unit=1.0,
    overall="overall",
    tasks=(
        _task(
            "xnli",
            "ar bg de el en es fr hi ru sw th tr ur vi zh",
            partial(score_classes, known=NLI),
            ("accuracy",),
            "accuracy",
        ),
        _task(
            "pawsx",
            "de en es fr ja ko zh",
            partial(score_classes, known=BINARY),
            ("accuracy",),
            "accuracy",
        ),
        _task(
            "udpos",
            _UDPOS,
            partial(score_tags, known=POS_TAGS),
            ("f1",),
            "chunk F1 of raw tags",
            beside="token_accuracy",
        ),
        _task(
            "panx", _PANX, partial(score_tags, known=PANX_TAGS), ("f1",), "F1",
            aliases=("wikiann",),
        ),
        _task(
            "xquad",
            "en es de el ru tr ar vi th zh hi",
            _squad,
            _EM_F1,
            "mean of EM and F1",
            suffix="json",
            labels=("xquad.{lang}.json",),
        ),
        _task(
            "mlqa",
            "en es de ar hi vi zh",
            _mlqa,
            _EM_F1,
            "mean of EM and F1",
            suffix="json",
            labels=("MLQA_V1/{split}/{split}-context-{lang}-question-{lang}.json",),
        ),
        _task(
            "tydiqa",
            "en ar bn fi id ko ru sw te",
            _squad,
            _EM_F1,
            "mean of EM and F1",
            suffix="json",
            labels=("tydiqa-goldp-v1.1-dev/tydiqa.goldp.{lang}.dev.json",),
            aliases=("tydiqa-goldp",),
        ),
        _task(
            "bucc2018",
            "de fr ru zh",
            _score_bucc,
            ("f1",),
            "F1 of pairs",
            labels=("{lang}-en.{split}.gold", "{lang}-en/{lang}-en.{part}.gold"),
            aliases=("bucc",),
            fields=_bucc_part,
        ),
        _task(
            "tatoeba",
            "ar he vi id jv tl eu ml ta te af nl de el bn hi mr ur fa fr it pt es bg ru ja ka ko"
            " th sw zh kk tr et fi hu",
            _score_tatoeba,
            ("accuracy",),
            "accuracy",
            labels=(
                "{lang}-en.labels",
                "v1/tatoeba.{iso3}-eng.eng",
                "tatoeba.{iso3}-eng.eng",
            ),
            fields=_iso3,
        ),
    ),
    groups={
        "classification": ("pawsx", "xnli"),
        "tagging": ("udpos", "panx"),
        "qa": ("xquad", "mlqa", "tydiqa"),
        "retrieval": ("bucc2018", "tatoeba"),
    },
)  # fmt: skip
