"""XGLUE: its nine understanding tasks, scored as its `xglue_evaluate.py` does. Values in 0 to 1.

Source: Liang et al. 2020 and microsoft/XGLUE, `evaluation/xglue_evaluate.py` with the seqeval of
its time (0.0.12). The two generation tasks (QG, NTG) are not scored.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import partial

from adapterxlt.benchmarks.classes import score_classes, score_labels
from adapterxlt.benchmarks.reading import WITHHELD, read_column, require_known, same_length
from adapterxlt.benchmarks.spec import Benchmark, Pair, Scored, TaskSpec
from adapterxlt.benchmarks.squad import score_answers
from adapterxlt.benchmarks.tagging import UNTAGGED, score_tags
from adapterxlt.metrics.ranking import mean_ndcg, query_runs
from adapterxlt.tasks.catalogue import get_task
from adapterxlt.tasks.readers.tables import check_header
from adapterxlt.tasks.reading import bad, read_lines

_HIGHEST = 1e100  # sums of such ratings are finite


def _score_xnli(pair: Pair) -> Scored:
    """Score labels in the last column; in XNLI's own file, only rows of the language count."""
    if not pair.labels.name.startswith("xnli."):
        return score_classes(pair)
    header, *lines = (line.split("\t") for line in read_lines(pair.labels))
    if not {"language", "gold_label"} <= set(header):
        raise bad(pair.labels, 1, "no columns `language` and `gold_label`")
    check_header(pair.labels, 1, header)
    language, label = header.index("language"), header.index("gold_label")
    gold, numbers = [], []
    for number, row in enumerate(lines, start=2):
        if row[language : language + 1] == [pair.language]:
            if not "".join(row[label : label + 1]).strip():
                raise bad(pair.labels, number, "no label", WITHHELD)
            gold.append(row[label].strip())
            numbers.append(number)
    if not gold:
        raise bad(pair.labels, 0, f"there are no rows in language `{pair.language}`")
    return score_labels(pair, gold, lines=numbers)


def _score_pawsx(pair: Pair) -> Scored:
    """Score labels in the last column below a header; the predictions have no header."""
    _, *labels = read_column(pair.labels)
    return score_labels(pair, labels, lines=range(2, len(labels) + 2))


def _score_wpr(pair: Pair) -> Scored:
    """Return the mean nDCG over runs of equal queries (first column) of two or more documents."""
    lines = [line for line in read_lines(pair.labels) if line.strip()]
    labels = read_column(pair.labels)
    names = _names_of_ratings()
    same = require_known(pair.labels, [label.lower() for label in labels], (*names, *pair.known))
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
    remarks = [f"{single} queries with a single document are not counted"] if single else []
    return Scored({"ndcg": 100 * value}, remarks, same)


def _names_of_ratings() -> dict[str, str]:
    """Return WPR's ratings by the names that some copies of the data use instead of numbers."""
    aliases = get_task("xglue_wpr").layouts[0].label_aliases
    return {name.lower(): number for name, number in aliases.items()}


def _rating(pair: Pair, text: str, line: int, side: str = "labels") -> float:
    names = _names_of_ratings()
    with suppress(ValueError):
        value = float(names.get(text.lower(), text))
        if abs(value) <= _HIGHEST:
            return value
    path = pair.labels if side == "labels" else pair.predictions
    raise bad(
        path, line, f"`{text[:40]}` is not a rating; use 0 to 4, or a name ({', '.join(names)})"
    )


def _task(
    name: str,
    score: Callable[[Pair], Scored],
    title: str,
    layouts: tuple[str, ...] = ("xglue",),
    beside: str = "",
) -> TaskSpec:
    return TaskSpec(
        name=name,
        task=f"xglue_{name.lower()}",
        predictions="{lang}.prediction",
        score=score,
        layouts=layouts,
        title=title,
        beside=beside,
    )


XGLUE = Benchmark(
    name="xglue",
    title="XGLUE",
    unit=0.01,
    overall="understanding",
    help="Score the nine understanding tasks of XGLUE, from 0 to 1.\n\n    The command reads "
    "predictions from TASK/XX.prediction, and labels in the layout of the XGLUE\n    "
    "download.\n    ",
    tasks=(
        _task("NER", partial(score_tags, pad=True), "F1"),
        _task(
            "POS",
            partial(score_tags, further=UNTAGGED, pad=True),
            "chunk precision of raw tags",
            beside="token_accuracy",
        ),
        _task("NC", score_classes, "accuracy"),
        _task("MLQA", partial(score_answers, per_language=True), "F1", ("xglue", "xglue-v1")),
        _task("XNLI", _score_xnli, "accuracy", ("xglue", "xglue-xnli")),
        _task("PAWSX", _score_pawsx, "accuracy"),
        _task("QADSM", score_classes, "accuracy"),
        _task("WPR", _score_wpr, "nDCG"),
        _task("QAM", score_classes, "accuracy"),
    ),
    groups={"unique": ("NC", "QADSM", "WPR", "QAM")},
)
