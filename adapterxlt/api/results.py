"""What a run measured, as tables, rows, a page; and the models that it made."""

from __future__ import annotations

import html
import importlib
import io
from collections.abc import Mapping
from os import PathLike
from pathlib import Path
from typing import Any

from adapterxlt.applying.load import loaded_entry
from adapterxlt.applying.model import Model
from adapterxlt.devices import AUTO
from adapterxlt.errors import MissingPackageError, UsageError
from adapterxlt.execution.outcome import RunResult
from adapterxlt.plan.plan import Sources
from adapterxlt.report.comparisons import compared
from adapterxlt.report.console import make_console
from adapterxlt.report.forms import Form, written
from adapterxlt.report.read import Run, read_runs
from adapterxlt.report.seeds import over_seeds
from adapterxlt.report.tables import print_results
from adapterxlt.results.rows import RESULTS_NAME, Row
from adapterxlt.store.output import check_output
from adapterxlt.store.store import STORE_FOLDER, Store
from adapterxlt.suggest import suggest

_FORMS: Mapping[str, Form] = {
    ".html": "html", ".htm": "html", ".md": "markdown", ".csv": "csv", ".tex": "latex",
}  # fmt: skip


class Results:
    """What a run measured; `run` returns it. A notebook shows its tables.

    Attributes:
        recipe: the recipe's name.
        workdir: the work folder.
        rows: every measured number with all that it came from, in the order of the recipe.
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
        """The stages whose models `model` loads."""
        return tuple(self._done.models)

    def model(self, stage: str, *, device: str | None = None, token_budget: int = 8192) -> Model:
        """Load what a stage of the recipe made.

        Args:
            stage: its name.
            device: as of `load`; default: where the run computed.
            token_budget: as of `load`.

        Raises:
            UsageError: the recipe has no such stage, or its model was not made.
        """
        if stage not in self._done.models:
            raise UsageError(
                f"`{self.recipe}` has no stage `{stage}` that makes a model",
                hint=suggest(stage, self._done.models),
            )
        folder = Store(self.workdir / STORE_FOLDER).path(self._done.models[stage])
        if not folder.is_dir():
            raise UsageError(
                f"the model of `{stage}` was not made", hint="see why its stage failed"
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
        """The rows as a table of pandas, one column for each field of `results.json`.

        Raises:
            MissingPackageError: pandas is not installed.
        """
        try:
            pandas = importlib.import_module("pandas")  # has no types of its own
        except ImportError as error:
            raise MissingPackageError(
                "pandas is not installed", hint="pip install pandas"
            ) from error
        return pandas.DataFrame([row.as_dict() for row in self.rows])

    def table(self) -> str:
        """The tables and sentences that `adapterxlt run` prints, as plain text."""
        file = io.StringIO()
        print_results(self.rows, compared(self._runs()), make_console(file))
        return file.getvalue()

    def report(self, path: str | PathLike[str]) -> Path:
        """Write a report, as `adapterxlt report` does for one recipe.

        Args:
            path: a file; its suffix says what is written: `.html` (a page), `.md`, `.csv`, `.tex`.

        Returns:
            The file's path.

        Raises:
            UsageError: the suffix is another one, or the file is one that the run needs.
            AdapterXLTError: it cannot be written.
        """
        place = Path(path)
        if place.suffix.lower() not in _FORMS:
            raise UsageError(
                f"{place}: its name does not say what to write",
                hint=f"end it in {', '.join(_FORMS)}",
            )
        kept = [self.workdir / name for name in (RESULTS_NAME, STORE_FOLDER)]
        output = check_output(place, inputs=kept, option="path")
        runs = self._runs()
        found = compared(runs)
        others = [one for one in over_seeds(runs) if one.key not in found]
        with output.open_text() as file:
            file.write(written(_FORMS[place.suffix.lower()], runs, found, others))
        return place

    def _repr_html_(self) -> str:
        return f"<pre>{html.escape(self.table())}</pre>"

    def _runs(self) -> list[Run]:
        """This recipe's run among those of the work folder, with its costs."""
        mine = {row.recipe_id for row in self.rows}
        listed: list[Any] = read_runs((self.workdir,)) if self.rows else []
        found = [run for run in listed if {row.recipe_id for row in run.rows} <= mine]
        return found or [Run(self.workdir, self.recipe, tuple(self.rows))]
