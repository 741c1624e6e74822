"""`adapterxlt predict MODEL INPUT`: predict labels, answers or tags for new texts."""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from adapterxlt.cli.options import Whole, device_option, tasks_option
from adapterxlt.cli.places import PLACE, FilePath
from adapterxlt.errors import MissingDataError
from adapterxlt.progress import Bar, Progress, Silent

if TYPE_CHECKING:
    from adapterxlt.applying.records import Record
    from adapterxlt.kinds.facts import Example

_TOLD = 20  # wrong lines that are logged one by one


@click.command()
@click.argument("model", type=PLACE)
@click.argument("source", metavar="INPUT", type=FilePath(path_type=Path, allow_dash=True))
@click.option(
    "--task",
    metavar="TASK",
    help="Task to predict, if MODEL was trained on several tasks, or on another task with the "
    "same labels.  [default: the first task it was trained on]",
)
@tasks_option
@click.option(
    "--format",
    "written",
    type=click.Choice(["jsonl", "csv", "tsv", "lines", "conll"]),
    help="Format of INPUT.  [default: taken from the suffix; for stdin jsonl or lines, by its "
    "first character]",
)
@click.option(
    "--out",
    type=FilePath(path_type=Path),
    default=Path("-"),
    metavar="FILE",
    help="File for the predictions: CSV if its name ends in .csv, else JSON Lines; .gz, .bz2, "
    ".xz and .zst compress.  [default: stdout, as JSON Lines]",
)
@click.option(
    "--skip-errors", is_flag=True, help="Skip invalid lines and report how many there were."
)
@click.option(
    "--backbone",
    type=PLACE,
    metavar="NAME",
    help="Backbone of the model: a folder or a Hub id, if it is not found by itself.",
)
@click.option(
    "--language",
    metavar="XX",
    help="Language adapter to use, for a model that stands on language adapters.  [default: the "
    "adapter it was trained with]",
)
@device_option("auto, a GPU if there is one")
@click.option(
    "--batch-tokens",
    type=Whole(1),
    default=8192,
    show_default=True,
    help="Maximum number of tokens, including padding, in one forward pass.",
)
def command(
    model: str,
    source: Path,
    task: str | None,
    entries: tuple[Path, ...],
    written: str | None,
    out: Path,
    skip_errors: bool,
    backbone: str | None,
    language: str | None,
    device: str | None,
    batch_tokens: int,
) -> None:
    """Predict labels, answers, tags, choices or numbers for new texts with a trained model.

    MODEL is a stage (`runs:nli`), the folder of an artifact, a packed file or a URL. INPUT is a
    file, or `-` for stdin. It holds JSON Lines, CSV or TSV with a header, plain lines (with a tab
    between two texts, or between question and context), or CoNLL columns with one word per line.
    Name the columns as in the data of the task, or `text`; `premise` and `hypothesis`; `question`
    and `context`; `words`; or `context` and `choices`.

    The predictions are the same as in an evaluation. Each one names the line and id of its input.
    """
    from adapterxlt.applying.load import load
    from adapterxlt.applying.records import STDIN, format_of, read_records
    from adapterxlt.applying.written import Writer, is_table
    from adapterxlt.cli.progress import open_progress
    from adapterxlt.devices import AUTO
    from adapterxlt.store.output import check_output

    given = format_of(source, written)
    output = check_output(out, inputs=() if source == STDIN else (source,))
    progress = open_progress()
    loaded = load(
        model,
        backbone=backbone,
        device=device or AUTO,
        tasks=entries,
        token_budget=batch_tokens,
        progress=progress,
    )
    wanted = loaded.entry(task)
    if language is not None:
        loaded.check_language(language)
    total = None
    if source != STDIN and source.is_file():  # wrong lines are found before the work
        total = _Right(read_records(source, given, wanted), source, skip_errors).count()
    records = _Right(read_records(source, given, wanted), source, skip_errors, progress)
    with output.open_text() as file, _bar(progress, total) as bar:
        writer = Writer(file, is_table(out))
        for answer in loaded.stream(records, task=wanted.name, language=language):
            line, name = records.asked.popleft()
            writer.write(line, name, answer)
            bar.advance()
    if records.wrong:
        progress.log(f"skipped {records.wrong} of {records.read} inputs")


class _Right:
    """The examples of the valid lines of a file; an invalid line is an error, or is skipped.

    Args:
        progress: where skipped lines are logged; None: nowhere.

    Attributes:
        asked: line and id of the examples that are not answered yet.
    """

    def __init__(
        self,
        records: Iterator[Record],
        source: Path,
        skip: bool,
        progress: Progress | None = None,
    ) -> None:
        self._records, self._source, self._skip = records, source, skip
        self._progress = progress
        self.asked: deque[tuple[int, str]] = deque()
        self.read = self.wrong = 0

    def __iter__(self) -> Iterator[Example]:
        for record in self._records:
            self.read += 1
            if record.example is not None:
                self.asked.append((record.line, record.name))
                yield record.example
                continue
            where = "stdin" if str(self._source) == "-" else str(self._source)
            if not self._skip:
                raise MissingDataError(
                    f"{where}:{record.line}: {record.problem}",
                    hint="correct the line, or use --skip-errors to skip invalid lines",
                )
            self.wrong += 1
            if self._progress is not None and self.wrong <= _TOLD:
                self._progress.log(f"skipped: {where}:{record.line}: {record.problem}")

    def count(self) -> int:
        """The number of valid lines."""
        total = 0
        for _ in self:
            self.asked.clear()
            total += 1
        return total


def _bar(progress: Progress, total: int | None) -> Bar:
    """A progress bar, if this is a terminal and the number of inputs is known."""
    shown = progress if total and sys.stderr.isatty() else Silent()
    return shown.bar("predicting", total or 0, unit="inputs")
