"""Options of `run` that say who carries the steps out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from adapterxlt.errors import UsageError
from adapterxlt.execution.executors.executor import Executor
from adapterxlt.execution.executors.options import Options
from adapterxlt.execution.executors.registry import find_executor

F = TypeVar("F", bound=Callable[..., Any])


def executor_options(function: F) -> F:
    """`--jobs`, `--on`."""
    jobs = click.option(
        "--jobs",
        type=click.IntRange(min=1),
        envvar="ADAPTERXLT_JOBS",
        show_envvar=True,
        metavar="N",
        help="Run up to N stages at once, each in a process with its share of the cores, or with "
        "a GPU each.  [default: 1, in this process]",
    )
    on = click.option(
        "--on",
        metavar="NAME[://ADDRESS]",
        help="Who runs the stages, instead: an executor that an installed package adds.",
    )
    return jobs(on(function))


def chosen_executor(jobs: int | None, on: str | None) -> Executor | None:
    """The executor that the options ask for; None for this process.

    Raises:
        UsageError: they do not go together, or there is no such executor.
    """
    if on is None:
        return find_executor("local", Options(jobs=jobs)) if jobs and jobs > 1 else None
    given = click.get_current_context().get_parameter_source("jobs")
    if jobs is not None and given is click.core.ParameterSource.COMMANDLINE:
        raise UsageError("--jobs and --on do not go together", hint="give one of them")
    name, _, address = on.partition("://")
    return find_executor(name, Options(address=address))
