"""The benchmarks that there are, and what they call the tasks of the catalogue."""

from __future__ import annotations

from adapterxlt.scoring.spec import Benchmark, TaskSpec
from adapterxlt.scoring.xglue import XGLUE
from adapterxlt.scoring.xtreme import XTREME

BENCHMARKS: dict[str, Benchmark] = {benchmark.name: benchmark for benchmark in (XTREME, XGLUE)}


def spec_of(benchmark: str, task: str) -> TaskSpec | None:
    """How a benchmark scores a task of the catalogue; None if it has no such task.

    The catalogue's names are those of the benchmark's folders, in lower case; a task that another
    benchmark has too may carry the benchmark's name in front (`xglue_ner`, `xglue-ner`).
    """
    plain = task.removeprefix(benchmark).strip("-_")
    for spec in BENCHMARKS[benchmark].tasks:
        if spec.name.casefold() == plain:
            return spec
    return None
