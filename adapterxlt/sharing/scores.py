"""Copies the scores of a trained stage from the evaluations in its store to its artifact."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from adapterxlt.errors import InvalidArtifactError
from adapterxlt.recipe.kinds import KINDS, measures
from adapterxlt.results.measures import MEASURES_NAME, METRICS_NAME, Measure, read_measures
from adapterxlt.sharing.content import MAX_TEXT
from adapterxlt.sharing.strict_json import parse
from adapterxlt.store.inside import open_inside
from adapterxlt.store.manifest import Manifest
from adapterxlt.store.store import Store
from adapterxlt.tasks.origin import describe_origins

MAX_NUMBER = 1e12  # of what is measured


def scores_in(store: Store, fingerprint: str) -> list[dict[str, object]]:
    """Main numbers of all evaluations of a stage, each with its task, data, language and n.

    Of several layers and poolings, those are kept that are best in the mean over languages: on
    dev, if that was measured too.
    """
    found: list[dict[str, object]] = []
    for entry in store.entries():
        if not measures(entry.kind) or _measured(entry) != fingerprint:
            continue
        folder = store.path(entry.fingerprint)
        if not (folder / MEASURES_NAME).is_file():
            continue
        params = entry.parts["params"]
        assert isinstance(params, Mapping)
        main = [measure for measure in read_measures(folder) if measure.main]
        if not main:  # predictions alone, as the labels are withheld
            continue
        how: dict[str, object] = {"protocol": KINDS[entry.kind].protocol(params)}
        if params.get("cap") is not None:
            how["cap"] = params["cap"]
        layer, pooling = _best(main)
        found += [
            {
                "task": str(params["task"]),
                "data": _origins(entry, str(params["task"])),
                "language": measure.language,
                "split": measure.split,
                "metric": measure.metric,
                "value": measure.value,
                "n": measure.n,
                "layer": measure.layer,
                "contamination": measure.contamination,
                **({} if pooling is None else {"pooling": pooling}),
                **how,
                **_spoken(entry, measure),
            }
            for measure in main
            if (measure.layer, measure.pooling) == (layer, pooling)
        ]
    unique = {json.dumps(score, sort_keys=True): score for score in found}
    return [unique[key] for key in sorted(unique)]


def _best(main: Sequence[Measure]) -> tuple[int | None, str | None]:
    """The layer and the pooling with the best mean, on dev if there is one."""
    values: dict[tuple[int | None, str | None], list[float]] = {}
    for measure in [measure for measure in main if measure.split == "dev"] or main:
        values.setdefault((measure.layer, measure.pooling), []).append(measure.value)
    return max(values, key=lambda key: sum(values[key]) / len(values[key]))


def metric_text(score: Mapping[str, Any]) -> str:
    """`accuracy (layer 8, mean, xtreme-2020)`: the metric, and how it was measured.

    What is usual is left out: a zero-shot evaluation of all examples.
    """
    layer, protocol, cap = (score.get(key) for key in ("layer", "protocol", "cap"))
    found = ["" if layer is None else f"layer {layer}", score.get("pooling") or ""]
    found += ["" if protocol == "zero-shot" else protocol or ""]
    found += ["" if cap is None else f"at most {cap} a language"]
    how = ", ".join(filter(None, found))
    return f"{score['metric']} ({how})" if how else str(score["metric"])


def _measured(entry: Manifest) -> object:
    """Address of the model that an entry measures: its first input, before language adapters."""
    inputs, params = entry.parts.get("inputs"), entry.parts.get("params")
    if isinstance(params, Mapping) and params.get("alone"):
        return None
    return inputs[0] if isinstance(inputs, list) and inputs else None


def _spoken(entry: Manifest, measure: Measure) -> dict[str, object]:
    """Whose language adapter a language was measured with, and the address of that."""
    if measure.language_adapter is None:
        return {}
    found: dict[str, object] = {"language_adapter": measure.language_adapter}
    params, inputs = entry.parts["params"], entry.parts["inputs"]
    assert isinstance(params, Mapping)
    assert isinstance(inputs, list)
    place = params.get("language_adapters", {}).get(measure.language_adapter)
    if isinstance(place, int) and 0 < place < len(inputs):
        found["language_adapter_fingerprint"] = inputs[place]
    return found


def _origins(entry: Manifest, task: str) -> list[str]:
    """Where the data of an evaluation are from, see `tasks.origin`; [] if it is not recorded."""
    steps = entry.lineage["steps"]
    assert isinstance(steps, list)
    own: dict[str, Any] = next(
        (step for step in steps if step["fingerprint"] == entry.fingerprint), {}
    )
    return list(own.get("origins", {}).get(task, []))


def read_metrics(folder: Path) -> dict[str, Any]:
    """What `metrics.json` holds; {} if it is not there.

    Raises:
        InvalidArtifactError: it is no JSON object, or its scores are none.
    """
    try:
        with open_inside(folder, METRICS_NAME) as stream:
            content = stream.read(MAX_TEXT + 1)
    except (FileNotFoundError, NotADirectoryError):
        return {}
    try:
        found = parse(content.decode("utf-8")) if len(content) <= MAX_TEXT else None
    except ValueError:
        found = None
    return check_metrics(found, str(folder / METRICS_NAME))


def check_metrics(found: object, where: str) -> dict[str, Any]:
    """Check what a `metrics.json` holds.

    Raises:
        InvalidArtifactError: it is no JSON object, or its scores are none.
    """
    scores = found.get("scores", []) if isinstance(found, dict) else None
    if not isinstance(scores, list) or not all(_is_score(score) for score in scores):
        raise InvalidArtifactError(f"{where}: does not hold metrics")
    assert isinstance(found, dict)
    return found


def _is_score(score: object) -> bool:
    if not isinstance(score, dict):
        return False
    texts = [score.get(key) for key in ("task", "language", "split", "metric")]
    data = score.get("data", [])
    if not isinstance(data, list):
        return False
    texts += [*data, *(score.get(key, "") for key in ("contamination", "pooling", "protocol"))]
    texts += [score.get(f"language_adapter{end}", "") for end in ("", "_fingerprint")]
    value, n = score.get("value"), score.get("n")
    if not isinstance(value, int | float) or isinstance(value, bool):
        return False
    counts = [n, *(score[key] for key in ("layer", "cap") if score.get(key) is not None)]
    return (
        all(isinstance(text, str) for text in texts)
        and abs(value) <= MAX_NUMBER  # so no NaN either
        and all(type(count) is int and 0 <= count <= MAX_NUMBER for count in counts)
    )


def mean_scores(scores: list[dict[str, Any]]) -> dict[tuple[str, str], tuple[float, int]]:
    """Mean over languages and number of languages, by what was measured and data in short.

    What was measured is the task, its split, and `metric_text`.
    """
    grouped: dict[tuple[str, str], dict[str, float]] = {}
    for score in scores:
        key = (
            f"{score['task']} {score['split']} {metric_text(score)}",
            describe_origins(score.get("data")),
        )
        grouped.setdefault(key, {})[score["language"]] = float(score["value"])
    return {
        key: (sum(values.values()) / len(values), len(values)) for key, values in grouped.items()
    }
