"""WORKDIR/costs.json: the costs of each step of a run.

It is a separate file because times differ between runs, while results.json has the same bytes for
the same recipe. Its `costs` are objects with the fields of `Cost`. Their `fingerprint` equals the
`fingerprint` of rows in results.json for a trained stage, and their `cell` for a measurement.
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
    """What a step took where it was computed. None: it was not measured, or could not be.

    Args:
        seconds: time from its start to its end, including reading and writing.
        resumed: whether an interrupted run did a part of it, which `seconds` do not include.
        peak_memory: peak memory in bytes of the whole process with all libraries.
        device: `cpu`, or the name of the GPU.
        device_memory: peak memory in use on the GPU, in bytes.
        parameters: number of parameters that its method trains, without heads; for a sparse
            fine-tune, the number of those that change.
        head_parameters: number of parameters of its heads.
        backbone_parameters: number of all parameters of the backbone.
        queries: number of examples that a measurement predicted.
        query_seconds: mean time of the forward passes per example, with the stage's batches.
        merged_query_seconds: the same for a LoRA that is merged into the weights, measured on a
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
        recipe, recipe_id, seed: as in the rows of results.json.
        step: `nli` for a trained stage, `scores/nli/xnli` for a measurement.
        kind: kind of its stage: `train`, `merge`, `evaluate`, ...
        task: task of a measurement, else "".
        method: method of a trained stage, "" if it has none.
        bytes: size in bytes of everything that the store keeps for it.
        taken: whether it was taken from the package, a remote or a file instead of computed here.
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
        """Percentage of the backbone's parameters that its method trains."""
        if self.parameters is None or not self.backbone_parameters:
            return None
        return 100 * self.parameters / self.backbone_parameters

    @property
    def measures(self) -> bool:
        """Whether it is a measurement."""
        return bool(self.task)

    @property
    def model(self) -> str:
        """The trained stage; for a measurement, the stage that was measured."""
        return self.step.split("/")[1] if self.measures else self.step

    def as_dict(self) -> dict[str, object]:
        """Return it as plain JSON data, with the share."""
        return {**asdict(self), "share": self.share}


_MEASURED, _COSTS = TypeAdapter(Measured), TypeAdapter(list[Cost])


def note_measured(store: Path, fingerprint: str, measured: Measured) -> None:
    """Keep what a step took beside its entry, as the entry must not depend on it."""
    write_json(store / COSTS / f"{fingerprint}.json", asdict(measured))


def measured_of(store: Path, fingerprint: str) -> Measured | None:
    """Return what a step took; None if it was not recorded."""
    try:
        return _MEASURED.validate_json((store / COSTS / f"{fingerprint}.json").read_bytes())
    except (OSError, ValidationError):
        return None


def read_costs(workdir: Path) -> list[Cost]:
    """Read the costs of a work folder; none if there is no such file.

    Raises:
        DamagedResultsError: the file cannot be read, or has another schema.
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
    """Write the costs of a run into WORKDIR/costs.json; those of all other recipes stay.

    A file that cannot be read is renamed and kept.
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
    """Make a cost from what a step took."""
    return replace(Cost(**asdict(measured)), **facts)  # type: ignore[arg-type]
