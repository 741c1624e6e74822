"""WORKDIR/costs.json: the costs of each step of a run.

It is a file of its own: times differ from run to run, and results.json is the same bytes for the
same recipe. Its `costs` are objects with the fields of `Cost`; `fingerprint` is that of the rows in
results.json for a trained stage (their `fingerprint`) and for a measurement (their `cell`).
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from adapterxlt.progress import Progress
from adapterxlt.results.file import DamagedResultsError
from adapterxlt.results.kept import free_name, locked
from adapterxlt.store.beside import COSTS
from adapterxlt.store.files import write_json

COSTS_NAME = "costs.json"
COSTS_SCHEMA = 1


@dataclass(frozen=True)
class Measured:
    """What a step took where it was computed. None: it was not, or could not be, measured.

    Args:
        seconds: from its start to its end, including reading and writing.
        resumed: whether an interrupted run had done a part of it, which `seconds` lack.
        peak_memory: bytes, of the whole process with all libraries.
        device: `cpu`, or the name of the GPU; `device_memory` are the most bytes of it in use.
        parameters: that its method trains, heads left out; `head_parameters` are those of its
            heads, `backbone_parameters` all that the backbone has. For a sparse fine-tune, those
            that change.
        queries: examples that a measurement predicted, `query_seconds` what the forward passes of
            one took on average, batches as the stage says.
        merged_query_seconds: for a LoRA, the same with it merged into the weights, measured on a
            sample.
    """

    seconds: float | None = None
    resumed: bool = False
    peak_memory: int | None = None
    device: str = "cpu"
    device_memory: int | None = None
    parameters: int | None = None
    head_parameters: int | None = None
    backbone_parameters: int | None = None
    queries: int | None = None
    query_seconds: float | None = None
    merged_query_seconds: float | None = None


@dataclass(frozen=True)
class Cost(Measured):
    """What a step of a recipe cost.

    Args:
        recipe, recipe_id, seed: as rows of results.json have them.
        step: `nli` for a trained stage, `scores/nli/xnli` for a measurement.
        kind: of its stage: `train`, `merge`, `evaluate`, ...
        task: of a measurement, else "".
        method: of a trained stage, "" where it has none.
        bytes: of all that the store keeps of it.
        taken: whether it was not computed here, but taken from the package, a remote or a file.
    """

    recipe: str = ""
    recipe_id: str = ""
    seed: int = 0
    step: str = ""
    kind: str = ""
    task: str = ""
    method: str = ""
    fingerprint: str = ""
    bytes: int = 0
    taken: bool = False

    @property
    def share(self) -> float | None:
        """Percent of the backbone's parameters that its method trains."""
        if self.parameters is None or not self.backbone_parameters:
            return None
        return 100 * self.parameters / self.backbone_parameters

    @property
    def measures(self) -> bool:
        """Whether it is a measurement."""
        return bool(self.task)

    @property
    def model(self) -> str:
        """The trained stage, or the one that was measured."""
        return self.step.split("/")[1] if self.measures else self.step

    def as_dict(self) -> dict[str, object]:
        """As plain JSON data, with the share."""
        return {**asdict(self), "share": self.share}


_MEASURED, _COSTS = TypeAdapter(Measured), TypeAdapter(list[Cost])


def note_measured(store: Path, fingerprint: str, measured: Measured) -> None:
    """Keep what a step took beside its entry, which must not depend on that."""
    write_json(store / COSTS / f"{fingerprint}.json", asdict(measured))


def measured_of(store: Path, fingerprint: str) -> Measured | None:
    """What a step took; None where that was not noted."""
    try:
        return _MEASURED.validate_json((store / COSTS / f"{fingerprint}.json").read_bytes())
    except (OSError, ValidationError):
        return None


def read_costs(workdir: Path) -> list[Cost]:
    """The costs of a work folder; none where there is no such file.

    Raises:
        DamagedResultsError: the file cannot be read, or is one of another schema.
    """
    path = workdir / COSTS_NAME
    try:
        found = json.loads(path.read_bytes())
        if isinstance(found, dict) and found.get("schema") == COSTS_SCHEMA:
            return _COSTS.validate_python(found.get("costs"))
    except (FileNotFoundError, NotADirectoryError):
        return []
    except (OSError, ValueError, RecursionError):
        pass
    raise DamagedResultsError(
        f"{path}: the file is damaged, or another version of adapterxlt wrote it",
        hint="move it away; the next run of the recipe writes a new one",
    )


def write_costs(workdir: Path, costs: Sequence[Cost], progress: Progress) -> None:
    """Put the costs of a run into WORKDIR/costs.json; those of all other recipes stay.

    A file that cannot be read is put aside.
    """
    if not costs:
        return
    with locked(workdir):
        try:
            present = read_costs(workdir)
        except DamagedResultsError as error:
            aside = free_name(workdir, "costs-damaged")
            os.replace(workdir / COSTS_NAME, aside)
            progress.log(f"warning: {error.message}; it was renamed to {aside}")
            present = []
        ours = {(cost.recipe, cost.recipe_id) for cost in costs}
        others = [cost for cost in present if (cost.recipe, cost.recipe_id) not in ours]
        listed = [cost.as_dict() for cost in (*others, *costs)]
        write_json(workdir / COSTS_NAME, {"schema": COSTS_SCHEMA, "costs": listed})


def of_step(measured: Measured, **facts: object) -> Cost:
    """A cost out of what a step took."""
    return replace(Cost(**asdict(measured)), **facts)  # type: ignore[arg-type]
