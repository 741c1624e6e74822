"""The benchmarks that can score folders of predictions, including those of packages.

An entry point of the group `adapterxlt.benchmarks` names a `Benchmark` of its own name:

    [project.entry-points."adapterxlt.benchmarks"]
    xtreme-s = "my_package:XTREME_S"
"""

from __future__ import annotations

from collections.abc import Collection

from adapterxlt import plugins
from adapterxlt.benchmarks.spec import Benchmark, TaskSpec
from adapterxlt.benchmarks.xglue import XGLUE
from adapterxlt.benchmarks.xtreme import XTREME
from adapterxlt.errors import UsageError
from adapterxlt.suggest import suggest

BENCHMARKS: dict[str, Benchmark] = {benchmark.name: benchmark for benchmark in (XTREME, XGLUE)}
SQUAD = "squad"  # single files of answers, see `squad.py`


def names() -> Collection[str]:
    """Return the names of all benchmarks that score folders.

    Raises:
        PluginError: a package hides one of the project's own.
    """
    return (*BENCHMARKS, *plugins.added("benchmarks", (*BENCHMARKS, SQUAD), "benchmark"))


def get_benchmark(name: str) -> Benchmark:
    """Return the benchmark of this name.

    Raises:
        UsageError: there is none; the hint names the closest.
        PluginError: the package that adds it cannot be used.
    """
    if name in BENCHMARKS:
        return BENCHMARKS[name]
    if name not in (known := names()):
        raise UsageError(f"unknown benchmark `{name}`", hint=suggest(name, (*known, SQUAD)))
    found, entry = plugins.load("benchmarks", name), plugins.entries("benchmarks")[name]
    if not isinstance(found, Benchmark) or found.name != name:
        raise plugins.PluginError(
            f"`{entry.value}` of {plugins.origin(entry)} is not a benchmark called `{name}`",
            hint="its entry point must name an `adapterxlt.benchmarks.spec.Benchmark` of that name",
        )
    return found


def spec_of(benchmark: str, task: str) -> TaskSpec | None:
    """Return how a benchmark scores a task of the catalogue; None if it has no such task.

    If another benchmark has the task too, the name that it has there is also accepted (`xnli` for
    `xglue_xnli`).
    """
    for spec in get_benchmark(benchmark).tasks:
        if task in (spec.entry.name, spec.name.casefold()):
            return spec
    return None
