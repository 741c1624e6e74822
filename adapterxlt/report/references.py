"""Puts published values next to the user's, for the same task, metric, protocol and model.

The model is the same encoder, or one of the same size, trained in the same way.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from adapterxlt.report.facts import Published, published
from adapterxlt.report.origins import Origin, origin_of
from adapterxlt.report.read import Run
from adapterxlt.report.sizes import mean_over
from adapterxlt.results.rows import Row

_BUNDLED = "pocket"  # has a few made-up examples under the names of published tasks
# Encoders of the same size, beside which other values than their own stand: XGLUE's leaderboard has
# none of XLM-R, and its baseline Unicoder is near to it. The page names the encoder.
_NEAR = {"xlm-roberta-base": "unicoder"}
BEST = "*"  # stands for the best intermediate task of each target
# In a lineage: `, 2000 examples`, `squad[2000]`, `panx[10 shots]`; but not `dev[500]`, which chose.
_FEW = re.compile(
    r", \d+ (?:examples|entries)\b|(?<! dev)\[(?:translated, )?\d+(?: shots[^\]]*)?\]"
)
_PRECISION = re.compile(r", precision \w+$")  # the same protocol in another precision


@dataclass(frozen=True)
class Beside:
    """A published value and the user's value beside it.

    Args:
        value: the user's mean over the published languages that were measured here.
        languages: the number of these languages.
        size: the size of the mean, in words.
    """

    model: str
    seed: int
    known: Published
    value: float
    languages: int
    size: str


def beside(runs: Iterable[Run]) -> list[Beside]:
    """Return every published value for which one of the runs has a matching model."""
    models: dict[tuple[object, ...], dict[str, Row]] = {}
    for run in runs:
        for row in run.rows:
            key = (run.workdir, row.recipe, row.recipe_id, row.stage, row.model, row.task,
                   row.split, row.metric, row.layer, row.pooling)  # fmt: skip
            models.setdefault(key, {})[row.language] = row
    known: dict[tuple[str, str, str], list[Published]] = {}
    for one in published():
        known.setdefault((one.task, one.split, one.metric), []).append(one)
    found = []
    for rows in models.values():
        row = next(iter(rows.values()))
        values = known.get((row.task, row.split, row.metric))
        if not values or not _whole(row):
            continue
        origin = origin_of(row)
        for one in values:
            own = [rows[code] for code in one.languages if code in rows]
            if own and _same(one, origin, row):
                mean = sum(each.value for each in own) / len(own)
                found.append(Beside(row.model, row.seed, one, mean, len(own), mean_over(own)))
    best = {one.known: one for one in sorted(found, key=lambda one: one.value)}
    return [one for one in found if one.known.intermediate != BEST or best[one.known] is one]


def _whole(row: Row) -> bool:
    """Whether the published data were used for training and evaluation, and all of them."""
    return not (row.caps or _FEW.search(row.lineage) or _BUNDLED in row.data.split(", "))


def _same(one: Published, origin: Origin, row: Row) -> bool:
    backbone = origin.backbone.rpartition("/")[2]
    if one.backbone not in (backbone, _NEAR.get(backbone)):
        return False
    if _PRECISION.sub("", row.protocol) != one.protocol or row.language_adapter is not None:
        return False
    if row.layer is not None:
        pooled = row.pooling in (None, one.pooling)  # None is the protocol's own, as published
        return one.method == f"layer {row.layer}" and pooled and not origin.intermediate
    if " + " in row.lineage.rpartition(" > ")[2]:  # trained on other tasks at the same time
        return False
    if one.method != origin.method or origin.languages or row.trained_in == ():
        return False
    if one.intermediate == BEST:
        return bool(origin.intermediate)
    return not origin.intermediate and not origin.how  # nor trained on the same data before
