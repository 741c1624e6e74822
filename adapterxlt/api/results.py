"""Shows the results of a run as tables, rows or a page, and loads its models."""

from __future__ import annotations

import html
import importlib
import io
import logging
from collections.abc import Iterable, Mapping
from os import PathLike
from pathlib import Path
from typing import Any

from adapterxlt.applying.load import loaded_entry
from adapterxlt.applying.model import Model
from adapterxlt.arguments import check_number, check_text, path_text
from adapterxlt.devices import AUTO, check_device
from adapterxlt.errors import MissingPackageError, UsageError
from adapterxlt.execution.outcome import RunResult
from adapterxlt.plan.plan import Sources
from adapterxlt.report.across import across
from adapterxlt.report.comparisons import compared
from adapterxlt.report.console import make_console
from adapterxlt.report.forms import Form, written
from adapterxlt.report.read import Run, read_runs
from adapterxlt.report.score_tables import seed_tables
from adapterxlt.report.seeds import over_seeds
from adapterxlt.report.soups import soups
from adapterxlt.report.study import Study
from adapterxlt.report.systems import contests
from adapterxlt.report.tables import print_results
from adapterxlt.results.rows import RESULTS_NAME, Row
from adapterxlt.show import brief
from adapterxlt.store.output import check_output
from adapterxlt.store.store import STORE_FOLDER, Store
from adapterxlt.suggest import suggest

_log = logging.getLogger("adapterxlt")  # warnings go to stderr by default
_FORMS: Mapping[str, Form] = {
    ".html": "html", ".htm": "html", ".md": "markdown", ".csv": "csv", ".tex": "latex",
}  # fmt: skip


class Results:
    """The results of a run, as returned by `run`; a notebook shows them as tables.

    Attributes:
        recipe: the name of the recipe.
        workdir: the work folder.
        rows: every measured number with its origin, in the order of the recipe.
    """

    def __init__(
        self, recipe: str, workdir: Path, done: RunResult, sources: Sources, device: str = AUTO
    ) -> None:
        self.recipe, self.workdir = recipe, workdir
        self.rows: list[Row] = done.rows
        self._done, self._sources, self._device = done, sources, device

    def __repr__(self) -> str:
        return f"<adapterxlt.Results of {self.recipe}: {len(self.rows)} rows, in {self.workdir}>"

    @property
    def stages(self) -> tuple[str, ...]:
        """The stages whose models `model` can load."""
        return tuple(self._done.models)

    def model(self, stage: str, *, device: str | None = None, token_budget: int = 8192) -> Model:
        """Load the model of a stage.

        Args:
            stage: the name of the stage.
            device: as for `load`; default: the device of the run.
            token_budget: as for `load`.

        Raises:
            UsageError: the recipe does not have this stage, or its model was not trained.
        """
        check_text(stage, "stage")
        if device is not None:
            check_device(device)
        check_number(token_budget, "token_budget", least=1)
        if stage not in self._done.models:
            raise UsageError(
                f"`{self.recipe}` has no stage `{stage}` that makes a model",
                hint=suggest(stage, self._done.models),
            )
        folder = Store(self.workdir / STORE_FOLDER).path(self._done.models[stage])
        if not folder.is_dir():
            raise UsageError(
                f"the model of `{stage}` was not trained", hint="see the error of its stage"
            )
        return loaded_entry(
            folder,
            f"{self.workdir}:{stage}",
            self._sources.backbone,
            self._sources.tasks,
            device=device or self._device,
            token_budget=token_budget,
        )

    def to_pandas(self) -> Any:
        """Return the rows as a pandas table, with one column per field of `results.json`.

        Raises:
            MissingPackageError: pandas is not installed.
        """
        try:
            pandas = importlib.import_module("pandas")  # it does not have types
        except ImportError as error:
            raise MissingPackageError(
                "pandas is not installed", hint="pip install pandas"
            ) from error
        return pandas.DataFrame([row.as_dict() for row in self.rows])

    def table(self) -> str:
        """Return the tables and sentences that `adapterxlt run` prints, as plain text."""
        file, runs = io.StringIO(), self._runs()
        found = compared(runs)
        question = Study(contests(runs), found).question
        print_results(
            *(self.rows, found, make_console(file)),
            question=question,
            remarks=soups(runs),
            tables=seed_tables(runs),
        )
        return file.getvalue()

    def report(self, path: str | PathLike[str], *, compare: Iterable[tuple[str, str]] = ()) -> Path:
        """Write a report, as `adapterxlt report` does for one recipe.

        Args:
            path: the file; its suffix sets the format: `.html` (a page), `.md`, `.csv` or `.tex`.
            compare: pairs of a model and a baseline that are compared too; see `compare` for their
                names.

        Returns:
            The path of the file.

        Raises:
            UsageError: the suffix is unknown, the file belongs to the run, or two models cannot be
                compared.
            AdapterXLTError: the file cannot be written.
        """
        place = Path(path_text(path, "path"))
        if place.suffix.lower() not in _FORMS:
            raise UsageError(
                f"{place}: its name does not tell the format",
                hint=f"use a name that ends in {', '.join(_FORMS)}",
            )
        kept = [self.workdir / name for name in (RESULTS_NAME, STORE_FOLDER)]
        output = check_output(place, inputs=kept, option="path")
        runs = self._runs()
        asked = across(runs, _pairs(compare), _log.warning, by="compare")
        found = compared(runs, asked)
        others = [one for one in over_seeds(runs) if one.key not in found]
        with output.open_text() as file:
            file.write(written(_FORMS[place.suffix.lower()], runs, found, others, asked))
        return place

    def _repr_html_(self) -> str:
        return f"<pre>{html.escape(self.table())}</pre>"

    def _runs(self) -> list[Run]:
        """This recipe's run among those of the work folder, with its costs."""
        mine = {row.recipe_id for row in self.rows}
        listed: list[Any] = read_runs((self.workdir,), _log.warning) if self.rows else []
        found = [run for run in listed if {row.recipe_id for row in run.rows} <= mine]
        return found or [Run(self.workdir, self.recipe, tuple(self.rows))]


def _pairs(compare: object) -> list[tuple[str, str]]:
    """Check pairs of names.

    Raises:
        UsageError: they are something else.
    """
    wrong = UsageError(
        f"compare: must be a list of pairs of names, not {brief(repr(compare))}",
        hint='for example [("nli", "direct")]',
    )
    if isinstance(compare, str) or not isinstance(compare, Iterable):
        raise wrong
    pairs = list(compare)
    for pair in pairs:
        if not (isinstance(pair, tuple | list) and [*map(type, pair)] == [str, str]):
            raise wrong
    return [(model, baseline) for model, baseline in pairs]
