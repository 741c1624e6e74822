"""Options of `run` that choose where the stages run."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import click

from adapterxlt.cli.options import Whole
from adapterxlt.errors import UsageError
from adapterxlt.execution.executors.executor import Executor
from adapterxlt.execution.executors.options import Options
from adapterxlt.execution.executors.registry import find_executor

F = TypeVar("F", bound=Callable[..., Any])


def executor_options(function: F) -> F:
    """`--jobs`, `--on`."""
    jobs = click.option(
        "--jobs",
        type=Whole(min=1),
        envvar="ADAPTERXLT_JOBS",
        show_envvar=True,
        metavar="N",
        help="Run up to N stages at once, each in a process of its own with its share of the "
        "cores or a GPU.  [default: 1, in this process]",
    )
    on = click.option(
        "--on",
        metavar="NAME[://ADDRESS]",
        help="Run the stages elsewhere: on a Ray cluster (`ray`), on a SLURM cluster (`slurm`), "
        "or by an executor that an installed package adds.",
    )
    slurm = click.option(
        "--slurm",
        multiple=True,
        metavar="KEY=VALUE",
        help="Setting for the SLURM jobs, with --on slurm: partition, account, time, gres, qos "
        "and others. Repeatable.",
    )
    detach = click.option(
        "--detach",
        is_flag=True,
        help="With --on slurm: submit the jobs of all stages that are ready, and exit.",
    )
    return jobs(on(slurm(detach(function))))


def chosen_executor(
    jobs: int | None, on: str | None, slurm: Sequence[str], detach: bool
) -> Executor | None:
    """Return the executor that the options ask for; None for this process.

    Raises:
        UsageError: the options cannot be combined, or no executor has this name.
    """
    if (slurm or detach) and on != "slurm":
        option = "--slurm" if slurm else "--detach"
        raise UsageError(
            f"{option} can only be used with --on slurm",
            hint="add --on slurm, or leave this option out",
        )
    if on is None:
        return find_executor("local", Options(jobs=jobs)) if jobs and jobs > 1 else None
    given = click.get_current_context().get_parameter_source("jobs")
    if jobs is not None and given is click.core.ParameterSource.COMMANDLINE:
        raise UsageError("--jobs and --on cannot be combined", hint="choose one of them")
    name, _, address = on.partition("://")
    settings = dict(_setting(text) for text in slurm)
    confirm = _ask if sys.stdin.isatty() else None
    return find_executor(
        name, Options(address=address, settings=settings, detach=detach, confirm=confirm)
    )


def _setting(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not equals or not value or any(sign.isspace() for sign in value):
        raise UsageError(
            f"--slurm {text}: not of the form KEY=VALUE", hint="for example --slurm partition=gpu"
        )
    return key, value


def _ask(question: str) -> bool:
    try:
        return click.confirm(question, err=True)
    except click.Abort:  # Ctrl-C once more
        return False
