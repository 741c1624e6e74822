"""Mining that is broken off, or out of disk, and goes on. What it finds: tests/cli/test_mine.py."""

from __future__ import annotations

import errno
import os
import resource

import numpy as np
import pytest

from adapterxlt.errors import AdapterXLTError, UsageError
from adapterxlt.progress import Silent
from adapterxlt.retrieval import mine
from adapterxlt.retrieval.mine import Settings, mine_files
from adapterxlt.retrieval.protocols import get_protocol
from adapterxlt.search import exact, kept
from adapterxlt.store.output import check_output
from tests import tiny

TEXTS = list(dict.fromkeys(tiny.SENTENCES))[:16]


class Told(Silent):
    """Remembers every bar and where it began; breaks off the search after `stop` sentences."""

    def __init__(self, stop=None):
        self.bars, self.stop, self.done = [], stop, 0

    def bar(self, description, total, *, done=0, unit="it"):
        self.bars.append((description, done, total))
        return self

    def __enter__(self):
        return self

    def __exit__(self, *_):
        return None

    def advance(self, amount=1, note=""):
        if self.bars[-1][0] == "searching":
            self.done += amount
            if self.stop is not None and self.done >= self.stop:
                raise KeyboardInterrupt


@pytest.fixture
def run(encoder, tmp_path, monkeypatch):
    """Mine the same texts into `OUT`, with `OUT.work` as its folder."""
    for module, constant, value in (
        (kept, "EVERY", 0.0),
        (exact, "ROWS", 4),
        (exact, "SUPER", 4),
    ):
        monkeypatch.setattr(module, constant, value)
    for name, texts in (("src", TEXTS), ("trg", TEXTS[::-1])):
        (tmp_path / name).write_text("\n".join(texts) + "\n", encoding="utf-8")

    def mined(out, progress=None):
        return mine_files(
            encoder,
            tmp_path / "src",
            tmp_path / "trg",
            check_output(tmp_path / out),
            tmp_path / f"{out}.work",
            Settings(get_protocol("jiant"), layer=1),
            progress or Silent(),
        )

    return mined


def test_a_kill_in_the_search_costs_neither_vectors_nor_finished_blocks(run, tmp_path):
    run("whole")
    with pytest.raises(KeyboardInterrupt):
        run("broken", Told(stop=9))
    assert not (tmp_path / "broken").exists()
    rest = Told()
    run("broken", rest)
    assert rest.bars == [
        ("encoding source", 16, 16),
        ("encoding target", 16, 16),
        ("searching", 12, 16),
    ]
    assert (tmp_path / "broken").read_bytes() == (tmp_path / "whole").read_bytes()


def full(*_, **__):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.mark.parametrize(
    ("owner", "name", "place"),
    [
        (os, "posix_fallocate", r"out\.work/\.vectors/[0-9a-f]+/1-mean\.npy"),
        (os, "fsync", r"out\.work/\.vectors/[0-9a-f]+/state\.json"),  # the count of done blocks
        (np, "savez", r"out\.work"),  # the neighbours
        (mine, "on_one_line", r"out"),
    ],
)
def test_a_full_disk_says_where_leaves_nothing_half_and_the_next_run_goes_on(
    run, tmp_path, monkeypatch, owner, name, place
):
    run("whole")
    with monkeypatch.context() as patch:
        patch.setattr(owner, name, full)
        with pytest.raises(AdapterXLTError, match=rf"/{place}: No space left") as raised:
            run("out")
    assert raised.value.exit_code == 1
    assert "free some space" in raised.value.hint
    assert not (tmp_path / "out").exists()
    assert not list(tmp_path.rglob("*.tmp"))
    run("out")
    assert (tmp_path / "out").read_bytes() == (tmp_path / "whole").read_bytes()


def test_a_file_that_may_not_grow(run, tmp_path):
    run("whole")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1500, limits[1]))
    try:
        with pytest.raises(AdapterXLTError, match=r"1-mean\.npy: File too large"):
            run("out")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert not list(tmp_path.glob("out.work/**/*.npy"))
    run("out")
    assert (tmp_path / "out").read_bytes() == (tmp_path / "whole").read_bytes()


def test_a_source_in_the_work_folder_stays(run, tmp_path, encoder):
    own = tmp_path / "work" / ".texts" / "source.txt"
    own.parent.mkdir(parents=True)
    own.write_text("one\ntwo\n")
    with pytest.raises(UsageError, match="which is reserved for"):
        mine_files(
            encoder, own, own, check_output(tmp_path / "o"), tmp_path / "work",
            Settings(get_protocol("jiant"), layer=1), Silent(),
        )  # fmt: skip
    assert own.read_text() == "one\ntwo\n"


def test_a_place_that_cannot_be_is_said_before_anything_is_encoded(run, tmp_path):
    (tmp_path / "file").write_text("")
    told = Told()
    with pytest.raises(AdapterXLTError, match="Not a directory"):
        run("file/pairs.tsv", told)
    assert told.bars == []
