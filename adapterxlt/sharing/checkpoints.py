"""Checkpoints of a training in a remote store, so that another node can go on from them. No torch.

URL/checkpoints/<fingerprint>/step-00000200-<random>/    its files, and state.json last

Each is sent to a folder of its own, so two nodes that train the same stage never mix their files.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from adapterxlt.errors import AdapterXLTError, InvalidArtifactError, MissingError
from adapterxlt.progress import Progress
from adapterxlt.sharing.content import MAX_TOTAL
from adapterxlt.sharing.remotes.address import masked
from adapterxlt.sharing.remotes.opening import FsFiles, open_writable
from adapterxlt.sharing.verify import SPARE_BYTES
from adapterxlt.store.checkpoints import STATE_FILE, TENSORS_FILE, newest_checkpoint, read_state
from adapterxlt.store.disk import writing_folder

FOLDER = "checkpoints"
EVERY = 2.0  # seconds between looks for a new checkpoint
PATIENCE = 300.0  # seconds that a training that is over waits for its last one to be sent
_STEP = re.compile(r"(step-\d{8})(?:-[0-9a-f]{32})?")
_FILE = re.compile(r"[a-z_]{1,40}\.(?:json|safetensors)")
_MAX_STATE = 256 << 20


class RemoteCheckpoints:
    """The checkpoints of one training in a remote store.

    Args:
        url: the remote store: a folder, `s3://` or `sftp://`.
        fingerprint: of the stage.
    """

    def __init__(self, url: str, fingerprint: str) -> None:
        self.shown = masked(url)
        self._url, self._fingerprint = f"{url.rstrip('/')}/{FOLDER}", fingerprint

    def send(self, folder: Path, aside: Path) -> None:
        """Send a complete checkpoint, and remove the older ones.

        Args:
            aside: a folder to make on the same disk for as long as it takes.

        Raises:
            AdapterXLTError: the transfer failed. FileNotFoundError: a newer one took its place.
        """
        name = f"{folder.name}-{uuid.uuid4().hex}"
        try:
            shutil.rmtree(aside, ignore_errors=True)  # of a process that was killed
            aside.mkdir(parents=True)
            for file in folder.iterdir():  # the training removes it when it writes the next
                _linked(file, aside / file.name)
            if read_state(aside) is None:  # files were gone before they were listed
                raise FileNotFoundError(folder)
            files = self._open()
            for file in sorted(aside.iterdir(), key=lambda file: file.name == STATE_FILE):
                files.put(file, f"{name}/{file.name}")
        finally:
            shutil.rmtree(aside, ignore_errors=True)
        for other in files.folders():
            # One of the same step may be on its way, from another node that trains the same.
            if other[: len(folder.name)] < folder.name:
                files.delete_folder(other)

    def fetch(self, root: Path) -> bool:
        """Put the newest checkpoint among those of a training; returns whether there was one.

        Args:
            root: folder of the training's checkpoints. One that is as new stays as it is.

        Raises:
            InvalidArtifactError: a checkpoint is not what such a folder may hold.
            AdapterXLTError: the transfer failed.
        """
        held = newest_checkpoint(root)
        files = self._open()
        found = [(match[1], name) for name in files.folders() if (match := _STEP.fullmatch(name))]
        for step, name in sorted(found, reverse=True):
            if held is not None and step <= held[0].name:
                return False
            content = files.read(f"{name}/{STATE_FILE}", _MAX_STATE)
            if content is None:  # it was never sent whole
                continue
            try:
                self._download(files, name, content, root, step)
            except MissingError:  # another node has just removed it
                continue
            return True
        return False

    def clear(self) -> None:
        """Remove them all.

        Raises:
            AdapterXLTError: that failed.
        """
        open_writable(self._url).delete_folder(self._fingerprint)

    def _open(self) -> FsFiles:
        """Open it each time, as servers cut connections that are idle between two checkpoints."""
        files = open_writable(f"{self._url}/{self._fingerprint}")
        assert isinstance(files, FsFiles)
        return files

    def _download(self, files: FsFiles, name: str, content: bytes, root: Path, step: str) -> None:
        sizes = _sizes(content, f"{self.shown}/{FOLDER}/.../{name}/{STATE_FILE}")
        aside = root / ".fetching"
        shutil.rmtree(aside, ignore_errors=True)
        with writing_folder(aside, "a checkpoint"):
            if shutil.disk_usage(aside).free < sum(sizes.values()) + SPARE_BYTES:
                raise AdapterXLTError(f"{aside}: the disk has no room for a checkpoint")
            for file, size in sizes.items():
                left = size
                with (aside / file).open("wb") as out:
                    for block in files.blocks(f"{name}/{file}", 0):
                        left -= len(block)
                        if left < 0:
                            break
                        out.write(block)
                if left:
                    raise InvalidArtifactError(
                        f"{self.shown}/{FOLDER}/.../{name}/{file}: does not have {size} bytes"
                    )
            (aside / STATE_FILE).write_bytes(content)
            shutil.rmtree(root / step, ignore_errors=True)
            os.replace(aside, root / step)


def _linked(file: Path, other: Path) -> None:
    """Give a file a second name, or copy it where the file system has no links."""
    try:
        os.link(file, other)
    except FileNotFoundError:
        raise
    except OSError:
        shutil.copyfile(file, other)


def _sizes(content: bytes, where: str) -> dict[str, int]:
    """The files of a checkpoint and their bytes, as its state tells them."""
    try:
        sizes = json.loads(content)["sizes"]
        fits = TENSORS_FILE in sizes and all(
            _FILE.fullmatch(name) and name != STATE_FILE and type(size) is int and size >= 0
            for name, size in sizes.items()
        )
        if not fits or sum(sizes.values()) > MAX_TOTAL or len(content) > _MAX_STATE:
            raise ValueError
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise InvalidArtifactError(f"{where}: is not the state of a checkpoint") from None
    return dict(sizes)


@contextmanager
def sent_there(
    there: RemoteCheckpoints, root: Path, aside: Path, progress: Progress
) -> Iterator[None]:
    """Send each new checkpoint of a training while this lasts.

    If that fails, or takes too long in the end, a message says so, and the training goes on.

    Args:
        root: folder of the training's checkpoints.
        aside: see `RemoteCheckpoints.send`.
    """
    over = threading.Event()
    sent = _newest(root)  # looked for here: the thread may begin when the first has been written
    # A daemon, because a server that hangs must not keep the process from ending.
    thread = threading.Thread(
        target=_send_all, args=(there, root, aside, progress, over, sent), daemon=True
    )
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join(PATIENCE)
        if thread.is_alive():
            progress.log(
                f"warning: {there.shown}: the last checkpoint was not sent within "
                f"{PATIENCE:.0f} seconds"
            )


def _send_all(
    there: RemoteCheckpoints,
    root: Path,
    aside: Path,
    progress: Progress,
    over: threading.Event,
    sent: str,
) -> None:
    """Send every checkpoint that is newer than `sent` and the newest when its turn comes."""
    told = False
    while not over.wait(EVERY):
        newest = _newest(root)
        if newest <= sent:
            continue
        try:
            there.send(root / newest, aside)
        except FileNotFoundError:
            continue  # the training has just replaced it
        except (AdapterXLTError, OSError) as error:
            if not told:
                progress.log(f"warning: checkpoints are not sent to {there.shown}: {error}")
            told = True
        sent = newest


def _newest(root: Path) -> str:
    """The name of the newest checkpoint, "" if there is none (or nothing at all any more)."""
    try:
        return max((name for name in os.listdir(root) if _STEP.fullmatch(name)), default="")
    except OSError:
        return ""
