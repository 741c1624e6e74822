"""The one exception tree of the project; each class has its exit code.

AdapterXLTError            1   a stage failed
├── FailedStagesError      1   stages of a run failed; the others ran
├── UsageError             2   the command line does not make sense
├── InvalidRecipeError     3   a recipe has problems (all of them, each with its place)
├── InvalidArtifactError   4   an artifact or store entry cannot be trusted
└── MissingError           5   something the run needs is not there or not usable
    ├── MissingDataError         data files: missing, empty, malformed, blanked
    ├── MissingBackboneError     a backbone folder or hub model
    ├── MissingPackageError      an optional package
    └── MissingDeviceError       a GPU that was asked for
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


class AdapterXLTError(Exception):
    """The base class of all errors that the program reports.

    Args:
        message: what is wrong, and where.
        hint: what to do about it, if that is not obvious from the message.
    """

    exit_code = 1

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}\n  {self.hint}" if self.hint else self.message


class FailedStagesError(AdapterXLTError):
    """Stages of a run failed. The stages that do not need them did run.

    Args:
        failed: why, by stage (or step of one).
        results: what the run measured all the same, an `adapterxlt.Results`.
    """

    def __init__(self, failed: Mapping[str, str], results: object) -> None:
        self.failed, self.results = dict(failed), results
        told = "".join(f"\n  {step}: {message}" for step, message in self.failed.items())
        count = f"{len(self.failed)} steps" if len(self.failed) > 1 else "one step"
        super().__init__(f"{count} of the run failed{told}")


class UsageError(AdapterXLTError):
    """The command line is wrong: an option, an argument, or a combination of them."""

    exit_code = 2


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong in a recipe.

    Args:
        path: dotted path of the key (`stages.nli.method`), empty for the whole file.
        message: what is wrong.
        file: the recipe file, or `--set` for an override.
        line: 1-based line in `file`, 0 when there is none.
        hint: what to do, for example "did you mean `seq_bn`?".
    """

    path: str
    message: str
    file: str = ""
    line: int = 0
    hint: str | None = None

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}: " if self.line else f"{self.file}: " if self.file else ""
        path = f"{self.path}: " if self.path else ""
        return f"{place}{path}{self.message}" + (f" ({self.hint})" if self.hint else "")


class InvalidRecipeError(AdapterXLTError):
    """A recipe has problems; `problems` holds every one of them.

    Args:
        found: in words, where several problems were found.
    """

    exit_code = 3

    def __init__(self, problems: Sequence[Problem], found: str = "the recipe has") -> None:
        self.problems = tuple(problems)
        self.found = found
        super().__init__("\n".join(str(problem) for problem in self.problems))


class InvalidArtifactError(AdapterXLTError):
    """An artifact or store entry is damaged or malicious, or does not fit the backbone."""

    exit_code = 4


class MissingError(AdapterXLTError):
    """Something that the command needs is missing or cannot be used."""

    exit_code = 5


class MissingDataError(MissingError):
    """Data files are missing, empty, malformed or blanked."""


class MissingBackboneError(MissingError):
    """A backbone is missing or incomplete, or its weights have unexpected shapes."""


class MissingPackageError(MissingError):
    """An optional package is missing; the message names the install command."""


class MissingDeviceError(MissingError):
    """The machine does not have the requested device."""
