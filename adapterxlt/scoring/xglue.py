"""XGLUE: its nine understanding tasks, scored as its `xglue_evaluate.py` does. Values in 0 to 1.

Source: Liang et al. 2020 and microsoft/XGLUE, `evaluation/xglue_evaluate.py` with the seqeval of
its time (0.0.12). The two generation tasks (QG, NTG) are not scored.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import suppress
from functools import partial

from adapterxlt.metrics.ranking import RATINGS, mean_ndcg, query_runs, rating
from adapterxlt.scoring.classes import score_classes, score_labels
from adapterxlt.scoring.files import WITHHELD, read_column, require_known, same_length
from adapterxlt.scoring.labels import BINARY, CONLL_TAGS, NLI, POS_TAGS
from adapterxlt.scoring.spec import Benchmark, Pair, Scored, TaskSpec
from adapterxlt.scoring.squad import score_answers
from adapterxlt.scoring.tagging import score_tags
from adapterxlt.tasks.files import bad, read_lines

CATEGORIES = (
    "foodanddrink", "sports", "news", "entertainment", "health", "video", "finance", "travel",
    "lifestyle", "autos",
)  # fmt: skip


def _score_xnli(pair: Pair) -> Scored:
    """Labels in the last column; in XNLI's own file, those of the language's rows."""
    if not pair.labels.name.startswith("xnli."):
        return score_classes(pair, NLI)
    header, *lines = (line.split("\t") for line in read_lines(pair.labels))
    if not {"language", "gold_label"} <= set(header):
        raise bad(pair.labels, 1, "no columns `language` and `gold_label`")
    language, label = header.index("language"), header.index("gold_label")
    gold, numbers = [], []
    for number, row in enumerate(lines, start=2):
        if row[language : language + 1] == [pair.language]:
            if not "".join(row[label : label + 1]).strip():
                raise bad(pair.labels, number, "no label", WITHHELD)
            gold.append(row[label].strip())
            numbers.append(number)
    if not gold:
        raise bad(pair.labels, 0, f"no rows of language `{pair.language}`")
    return score_labels(pair, gold, NLI, lines=numbers)


def _score_pawsx(pair: Pair) -> Scored:
    """Labels in the last column behind a header; the predictions have none."""
    _, *labels = read_column(pair.labels)
    return score_labels(pair, labels, BINARY, lines=range(2, len(labels) + 2))


def _score_wpr(pair: Pair) -> Scored:
    """Mean nDCG over runs of equal queries (first column) of at least two documents."""
    lines = [line for line in read_lines(pair.labels) if line.strip()]
    labels = read_column(pair.labels)
    names = [*RATINGS, *map(str, RATINGS.values())]
    same = require_known(pair.labels, [label.lower() for label in labels], names)
    predicted = read_column(pair.predictions)
    same_length(labels, predicted, pair.predictions)
    queries = [line.partition("\t")[0] for line in lines]
    same_length(labels, queries, pair.labels)
    relevance = [_rating(pair, label, number) for number, label in enumerate(labels, start=1)]
    if min(relevance) < 0:
        raise bad(pair.labels, 0, "a rating below 0", WITHHELD)
    scores = [_rating(pair, text, number, "predictions") for number, text in
              enumerate(predicted, start=1)]  # fmt: skip
    value, counted = mean_ndcg(queries, relevance, scores)
    if not counted:
        raise bad(pair.labels, 0, "no query has two documents or more")
    single = len(set(query_runs(queries))) - counted
    remarks = [f"{single} queries of a single document do not count"] if single else []
    return Scored({"ndcg": 100 * value}, remarks, same)


def _rating(pair: Pair, text: str, line: int, side: str = "labels") -> float:
    with suppress(ValueError):
        value = rating(text)
        if math.isfinite(value):
            return value
    path = pair.labels if side == "labels" else pair.predictions
    raise bad(path, line, f"`{text[:40]}` is no rating: 0 to 4, or a name ({', '.join(RATINGS)})")


def _task(
    name: str,
    languages: str,
    score: Callable[[Pair], Scored],
    official: str,
    title: str,
    *labels: str,
    beside: str = "",
) -> TaskSpec:
    return TaskSpec(
        name=name,
        languages=tuple(languages.split()),
        predictions=("{lang}.prediction",),
        labels=labels or (f"xglue.{name.lower()}.{{lang}}.{{split}}",),
        score=score,
        official=(official,),
        title=title,
        beside=beside,
    )


_tags = ("{lang}.{split}",)
_mlqa = tuple(
    f"{folder}/{{split}}/{{split}}-context-{{lang}}-question-{{lang}}.json"
    for folder in ("MLQA_V1", "MLQA_v1")
)

XGLUE = Benchmark(
    name="xglue",
    title="XGLUE",
    unit=0.01,
    overall="understanding",
    tasks=(
        _task(
            "NER",
            "de en es nl",
            partial(score_tags, known=CONLL_TAGS, pad=True),
            "f1",
            "F1",
            *_tags,
        ),
        _task(
            "POS",
            "pl ar ru bg de el en es fr hi it nl pt th tr ur vi zh",
            partial(score_tags, known=POS_TAGS, pad=True),
            "precision",
            "chunk precision of raw tags",
            *_tags,
            beside="token_accuracy",
        ),
        _task(
            "NC", "de en es fr ru", partial(score_classes, known=CATEGORIES), "accuracy", "accuracy"
        ),
        _task(
            "MLQA",
            "ar de en es hi vi zh",
            partial(score_answers, per_language=True),
            "f1",
            "F1",
            *_mlqa,
        ),
        _task(
            "XNLI",
            "ar bg de el en es fr hi ru sw th tr ur vi zh",
            _score_xnli,
            "accuracy",
            "accuracy",
            "{lang}.{split}",
            "xnli.{split}.tsv",
        ),
        _task(
            "PAWSX", "de en es fr", _score_pawsx, "accuracy", "accuracy", "{lang}/{split}_2k.tsv"
        ),
        _task(
            "QADSM",
            "de en fr",
            partial(score_classes, known=("Good", "Bad")),
            "accuracy",
            "accuracy",
        ),
        _task("WPR", "de en es fr it pt zh", _score_wpr, "ndcg", "nDCG"),
        _task("QAM", "de en fr", partial(score_classes, known=BINARY), "accuracy", "accuracy"),
    ),
    groups={"unique": ("NC", "QADSM", "WPR", "QAM")},
)
