"""`score`: score prediction files as the official scripts do."""

from __future__ import annotations

from collections.abc import Iterable
from os import PathLike
from pathlib import Path
from typing import Any, Literal

from adapterxlt.arguments import check_text, path_text
from adapterxlt.benchmarks.folder import score_benchmark
from adapterxlt.benchmarks.registry import SQUAD, get_benchmark
from adapterxlt.benchmarks.squad import score_squad, squad_document
from adapterxlt.errors import UsageError
from adapterxlt.show import brief


def score(
    benchmark: str,
    predictions: str | PathLike[str],
    labels: str | PathLike[str],
    *,
    split: Literal["test", "dev"] = "test",
    tasks: Iterable[str] = (),
    language: str | None = None,
) -> dict[str, Any]:
    """Score prediction files of any system as a benchmark's official script does.

    Args:
        benchmark: `xtreme`, `xglue`, `squad` or one that an installed package adds.
        predictions: a folder of prediction files; for `squad`, one file of answers.
        labels: a folder with the labels; for `squad`, one file.
        split: the split of the files; not for `squad`.
        tasks: score only these tasks; not for `squad`.
        language: only for `squad`: compare answers as the MLQA script does for this language.

    Returns:
        The document that `adapterxlt score --json` prints: `tasks` (metrics by task and
        language), `averages` (None if a language is missing), `missing`, `remarks` and `unit`.

    Raises:
        MissingDataError: nothing can be scored; the message gives the reason.
        UsageError: the benchmark or a task does not exist.

    Example:
        >>> import json, pathlib
        >>> labels = pathlib.Path("artifacts/data/pocket/xquad/xquad.en.json")
        >>> articles = json.loads(labels.read_text(encoding="utf-8"))["data"]
        >>> answers = {
        ...     qa["id"]: qa["answers"][0]["text"]
        ...     for article in articles for text in article["paragraphs"] for qa in text["qas"]
        ... }
        >>> _ = (folder / "answers.json").write_text(json.dumps(answers), encoding="utf-8")
        >>> xlt.score("squad", folder / "answers.json", labels)["tasks"]["squad-1.1"]["all"]
        {'exact_match': 100.0, 'f1': 100.0}
    """
    check_text(benchmark, "benchmark")
    answers = Path(path_text(predictions, "predictions"))
    gold = Path(path_text(labels, "labels"))
    if isinstance(tasks, str) or not isinstance(tasks, Iterable):
        raise UsageError(f"tasks: must be a list of tasks, not {brief(repr(tasks))}")
    if benchmark == SQUAD:
        if tasks or split != "test":
            raise UsageError("`squad` scores one file, so `tasks` and `split` cannot be used")
        version, scored = score_squad(answers, gold, language=language)
        return dict(squad_document(version, language, scored))
    if language is not None:
        raise UsageError("`language` can only be used with `squad`")
    found = score_benchmark(get_benchmark(benchmark), answers, gold, split=split, tasks=list(tasks))
    return dict(found.document())
