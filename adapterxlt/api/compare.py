"""`compare`: compare any two models on their outcomes for the same examples."""

from __future__ import annotations

import html
import logging
from collections.abc import Iterable
from os import PathLike

from adapterxlt.arguments import check_text, path_text, paths_in
from adapterxlt.errors import UsageError
from adapterxlt.report.across import across
from adapterxlt.report.answers import notes_on
from adapterxlt.report.comparisons import Comparison, compared
from adapterxlt.report.read import chosen, named_runs, read_runs
from adapterxlt.report.systems import contests, is_same

_log = logging.getLogger("adapterxlt")


class Comparisons(tuple[Comparison, ...]):
    """Comparisons of two models, one for each task; a notebook shows them as sentences."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "\n".join([*map(str, self), *notes_on(self)])

    def _repr_html_(self) -> str:
        items = "".join(f"<li>{html.escape(str(one))}</li>" for one in self)
        notes = "".join(f"<p><small>{html.escape(note)}</small></p>" for note in notes_on(self))
        return f"<ul>{items}</ul>{notes}"


def compare(
    model: str,
    baseline: str,
    workdirs: str | PathLike[str] | Iterable[str | PathLike[str]],
) -> Comparisons:
    """Compare any two models, as `adapterxlt report WORKDIR... --compare MODEL BASELINE` does.

    Both are compared on every task, split and metric on which both were measured, on the examples
    with the same ids. p is corrected for these comparisons and all that the recipes make.

    Args:
        model: a name as in the tables; `*` stands for numbers, so `nli.s*` is one model under
            several seeds. A name that several models have takes its work folder or recipe before
            it: `runs:nli`, `my-recipe:nli`.
        baseline: the other model, likewise.
        workdirs: the work folder, or several; `runs:my-recipe` is one recipe of a folder.

    Returns:
        One comparison for each task.

    Raises:
        UsageError: a model is unknown, several have its name, or nothing can be compared.
        AdapterXLTError: results or outcomes cannot be read.

    Example:
        >>> runs = "docs/studies/methods/runs"
        >>> found = xlt.compare("panx.sparse.s*", "panx.full.s*", runs)
        >>> print(found)
        panx.sparse.s* vs panx.full.s* on panx dev: ...
        >>> found[0].verdict, found[0].examples, found[0].seeds
        ('not shown', 1800, 3)
    """
    check_text(model, "model")
    check_text(baseline, "baseline")
    if isinstance(workdirs, str | PathLike):
        workdirs = [path_text(workdirs, "workdirs")]
    wanted = named_runs(paths_in(workdirs, "workdirs"))
    runs = chosen(read_runs(tuple(wanted), _log.warning), wanted)
    if not runs:
        folders = ", ".join(map(str, wanted))
        raise UsageError(f"{folders}: there are no results", hint="run a recipe first")
    asked = across(runs, [(model, baseline)], _log.warning, by="compare")
    found = compared(runs, asked)
    # A comparison that a recipe makes too is there only once, under the name of the recipe's.
    listed = [one for one in contests(runs, asked) if any(is_same(one, other) for other in asked)]
    return Comparisons(found[one.key] for one in listed if one.key in found)
