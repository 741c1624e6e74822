"""Reads `results.json` of work folders, which may come from others."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from pathlib import Path

from adapterxlt.errors import UsageError
from adapterxlt.results.costs import Cost, read_costs
from adapterxlt.results.edited import rows_to_judge
from adapterxlt.results.rows import Row
from adapterxlt.results.versions import families
from adapterxlt.suggest import suggest


@dataclass(frozen=True)
class Run:
    """What one recipe measured.

    Args:
        workdir: the work folder of its results.
        recipe: its name.
        rows: its rows, in plan order.
        title: its name. If the folder has several recipes of that name, the title also says which
            of them it is.
        costs: the costs of its steps, as far as they are known.
        version: the id of the recipe's first run in these settings, if the folder has results of
            the recipe in several settings; else "".
    """

    workdir: Path
    recipe: str
    rows: tuple[Row, ...]
    title: str = ""
    costs: tuple[Cost, ...] = ()
    version: str = ""

    @property
    def names(self) -> list[str]:
        """The names that it can be called by, short ones first: `chg`, `chg [da328ce16218]`."""
        ids = [one for one in (self.version, self.rows[0].recipe_id) if self.version and one]
        named = [f"{self.recipe} [{one}]" for one in ids]
        return list(dict.fromkeys([self.recipe, *named, self.heading]))

    @property
    def heading(self) -> str:
        """The heading above its tables."""
        return self.title or self.recipe


def read_runs(workdirs: tuple[Path, ...], log: Callable[[str], None]) -> list[Run]:
    """Return the runs of some work folders, in the order of the folders, then by recipe name.

    Among recipes with the same name, the latest comes first; among its seeds, the first.

    Args:
        log: told of edited values, see `results.edited`.

    Raises:
        UsageError: a folder has no results.
        DamagedResultsError: a file of results cannot be read.
    """
    runs = []
    for workdir in dict.fromkeys(workdirs):
        rows = rows_to_judge(workdir, log)
        costs = read_costs(workdir)
        for recipe in dict.fromkeys(row.recipe for row in rows):
            runs += _runs_of(workdir, recipe, [row for row in rows if row.recipe == recipe], costs)
    return runs


def named_runs(places: Iterable[Path]) -> dict[Path, set[str]]:
    """Return the work folders of some places, with the recipes that each names; none for all.

    Args:
        places: each a `WORKDIR` or `WORKDIR:RECIPE`.
    """
    wanted: dict[Path, set[str]] = {}
    whole = set()
    for place in places:
        parts = str(place).split(":")
        heads = (Path(":".join(parts[:end])) for end in range(1, len(parts)))
        folder = place if place.exists() else next((one for one in heads if one.is_dir()), place)
        names = wanted.setdefault(folder, set())
        if folder == place:
            whole.add(folder)
        else:
            names.add(str(place)[len(str(folder)) + 1 :])
    return {folder: set() if folder in whole else names for folder, names in wanted.items()}


def chosen(runs: Sequence[Run], names: Mapping[Path, AbstractSet[str]]) -> list[Run]:
    """Return the runs that are called by some names, see `Run.names`.

    Args:
        names: for each work folder the names that a user gave; all its runs if there are none.

    Raises:
        UsageError: a folder has no run of a name.
    """
    for workdir, wanted in names.items():
        known = [name for run in runs if run.workdir == workdir for name in run.names]
        for name in wanted:
            if name not in known:
                raise UsageError(
                    f"{workdir} has no results of a recipe `{name}`", hint=suggest(name, known)
                )
    return [
        run
        for run in runs
        if not names.get(run.workdir) or not names[run.workdir].isdisjoint(run.names)
    ]


def _runs_of(workdir: Path, recipe: str, rows: list[Row], costs: list[Cost]) -> list[Run]:
    versions: dict[str, list[Row]] = {}
    for row in rows:
        versions.setdefault(row.recipe_id, []).append(row)
    groups = list(versions.values())
    kinds = [[0]]
    if len(groups) > 1:
        kinds = families([[row.as_dict() for row in group] for group in groups])
    found = []
    for kind in reversed(kinds):
        for group in (groups[position] for position in kind):
            title = recipe
            if len(kinds) > 1:
                title += f" [{group[0].recipe_id or 'no id'}]"
            if len(groups) > 1:
                seeds = sorted({row.seed for row in group})
                title += f", seed{'s' * (len(seeds) > 1)} {', '.join(map(str, seeds))}"
            own = tuple(
                cost
                for cost in costs
                if (cost.recipe, cost.recipe_id) == (recipe, group[0].recipe_id)
            )
            version = (groups[kind[0]][0].recipe_id or "no id") if len(kinds) > 1 else ""
            found.append(Run(workdir, recipe, tuple(group), title, own, version))
    return found
