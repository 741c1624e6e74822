"""Asks a machine, before any work, whether it can do its part of a run. No torch."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from adapterxlt.errors import AdapterXLTError
from adapterxlt.execution.away import own_folder
from adapterxlt.execution.job import SHARED_DISK, job_text, open_job
from adapterxlt.execution.worker import here
from adapterxlt.progress import Silent
from adapterxlt.sharing.exchange import Exchange
from adapterxlt.stages.running.context import Context
from adapterxlt.store.environment import environment

NEEDS_REMOTE = (
    f"{SHARED_DISK}, or name a remote that can be written: "
    "`store: {remotes: [{url: s3://bucket/team, write: true}]}`"
)


@dataclass(frozen=True)
class Question:
    """What a machine is asked.

    Args:
        token: a file in the run's work folder. A machine that sees it has that very folder, not
            just another of the same name.
        needed: backbone and data folders.
        url: the remote that can be written, "" for none.
        probe: name of a file that the run has put into this remote.
        job: the document of the run.
    """

    token: Path
    needed: Sequence[Path]
    url: str
    probe: str
    job: str


@dataclass(frozen=True)
class Answer:
    """What the machine answers.

    Args:
        where: the machine.
        versions: the versions of its libraries.
        problem, hint: why it cannot work, and what to do; "" if it can.
    """

    where: str
    versions: dict[str, str]
    problem: str = ""
    hint: str = ""


@contextmanager
def question(context: Context) -> Iterator[Question]:
    """Prepare a question; the token and the probe are removed at the end."""
    root = context.store.root.absolute()
    root.mkdir(parents=True, exist_ok=True)
    token = root / f".seen-{uuid4().hex}"
    sources, exchange = context.sources, context.exchange
    needed = [sources.backbone.path.absolute(), *(root.absolute() for root in sources.roots)]
    with ExitStack() as stack:
        stack.callback(token.unlink)
        token.touch()
        probe = stack.enter_context(exchange.probed()) if exchange else ""
        url = exchange.url if exchange else ""
        yield Question(token, needed, url, probe, job_text(context))


def answer(asked: Question) -> Answer:
    """Answer for this machine."""
    where, versions = here(), environment()
    for path in asked.needed:
        if not path.exists():
            return Answer(where, versions, f"does not see {path}", SHARED_DISK)
    own = own_folder(asked.token, asked.url)
    if own is None:
        if asked.token.exists():
            return Answer(where, versions)
        return Answer(where, versions, f"does not see {asked.token.parent}", NEEDS_REMOTE)
    try:
        _check_away(asked, own)
    except (AdapterXLTError, OSError) as error:
        return Answer(where, versions, f"cannot work away from {asked.token.parent}: {error}")
    return Answer(where, versions)


def _check_away(asked: Question, own: Path) -> None:
    """Check that it can read and write the remote, and makes the same plan from its own files."""
    exchange = Exchange(asked.url, Silent())
    if not exchange.sees(asked.probe):
        raise AdapterXLTError(f"{exchange.shown} is another place there")
    with exchange.probed():
        pass
    own.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=own) as folder:
        document = Path(folder) / "job.json"
        document.write_text(asked.job, encoding="utf-8")
        open_job(document, Silent(), own)
