"""The `adapterxlt` command: it finds the verb and turns each failure into a message and exit code.

A verb's module is imported only when the verb is called, so that `--help` is quick.
"""

from __future__ import annotations

import errno
import io
import os
import sys
import traceback
from typing import Any

import click

from adapterxlt import __version__, interrupt
from adapterxlt.cli.lazy import LazyGroup
from adapterxlt.cli.loading import announce_loading
from adapterxlt.errors import AdapterXLTError, InvalidRecipeError
from adapterxlt.show import printable
from adapterxlt.store.disk import cannot_write

# Verb -> one line of help. `adapterxlt/cli/<verb>.py` holds a click command named `command`.
VERBS = {
    "run": "Run the missing stages of a recipe and print its results.",
    "plan": "Show which stages of a recipe are done and which are to do, and why.",
    "validate": "Check recipes and report all their problems.",
    "list": "List tasks, methods, backbones, recipes or presets.",
    "status": "Show what ran in a work folder, what failed and why.",
    "report": "Show the results of work folders as tables or as a page.",
    "outcomes": "Export the outcome of every example that was evaluated.",
    "score": "Score prediction files of XTREME, XGLUE or SQuAD.",
    "predict": "Predict labels, answers or tags for new texts.",
    "suggest": "Rank trained stages as intermediate stages for a target, without training.",
    "retrieve": "Measure how well an encoder, or your own vectors, finds translations.",
    "mine": "Find translation pairs in two text files.",
    "mining-set": "Build a test set for mining: translation pairs among distractors.",
    "artifact": "Share trained models: list, show, verify, pack, import, export, push, pull.",
    "task": "Describe your own data: write a task entry and check it.",
    "schema": "Print the JSON Schema of a recipe or of a task entry.",
    "doctor": "Check the installation: versions, devices, data, backbone and disk space.",
}
_MODULES = {"list": "list_", "mining-set": "mining_set"}
_LAZY = {verb: (text, f"adapterxlt.cli.{_MODULES.get(verb, verb)}") for verb, text in VERBS.items()}

_EPILOG = """\b
Start with: adapterxlt run quickstart
Completion: eval "$(_ADAPTERXLT_COMPLETE=bash_source adapterxlt)"
            (bash; also zsh_source, fish_source)
"""


class _Verbs(LazyGroup):
    def invoke(self, ctx: click.Context) -> Any:
        """Run the verb and turn every exception but click's own into a message."""
        try:
            return super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except BaseException as error:
            if isinstance(error, OSError) and error.errno == errno.EPIPE:
                raise  # the reader of our output went away; click ends quietly
            if not isinstance(error, Exception | KeyboardInterrupt):
                raise
            if ctx.params["debug"]:
                traceback.print_exc()
            message, code = describe(error)
            click.echo(printable(message, lines=True), err=True)
            ctx.exit(code)


def describe(error: BaseException) -> tuple[str, int]:
    """Return what to tell the user about an exception, and the exit code."""
    if isinstance(error, KeyboardInterrupt):
        return "\ninterrupted; run the same command again to continue from here", 130
    if isinstance(error, InvalidRecipeError) and len(error.problems) > 1:
        problems = "".join(f"\n  {problem}" for problem in error.problems)
        count = f"{len(error.problems)} problems"
        return f"error: {error.found} {count}{problems}", error.exit_code
    if isinstance(error, AdapterXLTError):
        return f"error: {error}", error.exit_code
    if (told := cannot_write("a file", error)) is not None:
        return f"error: {told}", told.exit_code
    if isinstance(error, OSError) and error.strerror:
        place = f"{error.filename}: " if error.filename else ""
        return f"error: {place}{error.strerror}", AdapterXLTError.exit_code
    kind = type(error).__name__
    return (
        f"error: {kind}: {error}\n  this is a bug in adapterxlt: run the command again as "
        "`adapterxlt --debug ...` and report the output",
        AdapterXLTError.exit_code,
    )


@click.group(
    cls=_Verbs, lazy=_LAZY, epilog=_EPILOG, context_settings={"help_option_names": ["-h", "--help"]}
)
@click.version_option(__version__, prog_name="adapterxlt", message="%(prog)s %(version)s")
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
def cli(debug: bool) -> None:
    """Modular cross-lingual transfer: test whether an English task helps other languages."""


def _wait_briefly() -> None:
    """Let threads that wait for each other soon give up the core, unless the user decides.

    OpenMP (libgomp) reads this when torch is imported. By default a thread that waits keeps its
    core busy for 300,000 rounds; on a machine with other load, the thread it waits for needs that
    core. 1,000 rounds are enough for a short wait. What is computed stays the same.
    """
    if "OMP_WAIT_POLICY" not in os.environ:
        os.environ.setdefault("GOMP_SPINCOUNT", "1000")


def main() -> None:
    """Entry point of the console script."""
    interrupt.watch()
    _wait_briefly()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # escape characters that it lacks
            stream.reconfigure(errors="backslashreplace")
    announce_loading()
    try:
        cli(prog_name="adapterxlt")
    except KeyboardInterrupt:  # before or after the verb itself
        sys.exit(130)
