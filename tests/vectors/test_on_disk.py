from __future__ import annotations

import errno
import os

import numpy as np
import pytest

from adapterxlt.errors import AdapterXLTError, MissingDataError
from adapterxlt.progress import Silent
from adapterxlt.vectors import tokens as batching
from adapterxlt.vectors.encode import encode_grid
from adapterxlt.vectors.on_disk import VectorFile, encode_to_files
from adapterxlt.vectors.tokens import tight_batches, tokenize
from tests import tiny

TEXTS = list(dict.fromkeys(tiny.SENTENCES))[:20]
KEYS = [(1, "mean"), (2, "mean"), (1, "cls")]


class Counted(Silent):
    """Counts encoded sentences; breaks off after `stop` of them."""

    def __init__(self, stop=None):
        self.done, self.started, self.stop = 0, None, stop

    def bar(self, description, total, *, done=0, unit="it"):
        self.started = done
        return self

    def __enter__(self):
        return self

    def __exit__(self, *_):
        return None

    def advance(self, amount=1, note=""):
        self.done += amount
        if self.stop is not None and self.done >= self.stop:
            raise KeyboardInterrupt


@pytest.fixture
def tokens(encoder):
    return tokenize(encoder, TEXTS, 40)


def encode(encoder, tokens, folder, progress=None, **settings):
    settings = {"keys": KEYS, "token_budget": 100, **settings}
    return encode_to_files(encoder, tokens, folder, progress=progress or Counted(), **settings)


def test_files_hold_what_one_call_gives(encoder, tokens, tmp_path):
    grid = encode_grid(
        encoder,
        TEXTS,
        layers=[1, 2],
        poolings=["mean", "cls"],
        max_length=40,
        token_budget=100,
        progress=Silent(),
    )
    files = encode(encoder, tokens, tmp_path)
    for key, file in files.items():
        np.testing.assert_allclose(file.block(0, 20), grid[key], atol=1e-6)
        assert np.array_equal(file.rows(np.array([3, 1])), file.block(0, 4)[[3, 1]])
    half = encode(encoder, tokens, tmp_path, precision="float16")
    np.testing.assert_allclose(half[1, "mean"].block(0, 20), grid[1, "mean"], atol=2e-3)
    assert np.load(half[1, "mean"].path).dtype == np.float16


def test_a_broken_run_goes_on_after_its_last_block_to_the_same_bytes(
    encoder, tokens, tmp_path, monkeypatch
):
    monkeypatch.setattr(batching, "BLOCK", 6)
    whole = encode(encoder, tokens, tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        encode(encoder, tokens, tmp_path / "broken", Counted(stop=14))
    rest = Counted()
    files = encode(encoder, tokens, tmp_path / "broken", rest)
    assert rest.started == 12
    assert rest.done == 8
    for key in KEYS:
        assert files[key].path.read_bytes() == whole[key].path.read_bytes()
    again = Counted()
    encode(encoder, tokens, tmp_path / "broken", again)
    assert again.done == 0


def test_another_text_or_model_never_finds_them(encoder, tokens, tmp_path):
    first = encode(encoder, tokens, tmp_path)[1, "mean"].path
    other = tokenize(encoder, [*TEXTS[:-1], "another"], 40)
    assert encode(encoder, other, tmp_path)[1, "mean"].path != first
    weight = encoder.model.encoder.layer[0].output.dense.bias
    old = weight.data.clone()
    weight.data[0] += 1
    try:
        changed = encode(encoder, tokens, tmp_path)[1, "mean"].path
    finally:
        weight.data.copy_(old)
    assert changed != first
    assert encode(encoder, tokens, tmp_path)[1, "mean"].path == first


def test_a_full_disk_is_an_error_before_anything_is_encoded(encoder, tokens, tmp_path, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "posix_fallocate", full)
    progress = Counted()
    with pytest.raises(OSError, match="No space left"):
        encode(encoder, tokens, tmp_path, progress)
    assert progress.done == 0
    monkeypatch.undo()
    encode(encoder, tokens, tmp_path, progress)
    assert progress.done == len(TEXTS)


def test_a_diverged_model_is_refused(encoder, tokens, tmp_path):
    weight = encoder.model.encoder.layer[0].output.dense.bias
    old = weight.data.clone()
    weight.data[0] = float("nan")
    try:
        with pytest.raises(AdapterXLTError, match="NaN or infinity at layer 1"):
            encode(encoder, tokens, tmp_path)
    finally:
        weight.data.copy_(old)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"text", "cannot be read as vectors"),
        (np.ones(3), r"not float64 \(3,\)"),
        (np.ones((2, 2), dtype=int), "not int64"),
        (np.ones((0, 4)), "does not contain any vectors"),
        (np.array([{"a": 1}]), "cannot be read as vectors"),
    ],
)
def test_bad_vector_files(tmp_path, content, message):
    path = tmp_path / "v.npy"
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        np.save(path, content)
    with pytest.raises(MissingDataError, match=message):
        VectorFile.open(path)


def test_padding_is_at_most_two_percent():
    rng = np.random.default_rng(0)
    lengths = np.maximum(3, rng.lognormal(2.7, 0.6, size=5000).astype(int))
    batches = tight_batches(lengths, 8192)
    padded = sum(len(batch) * lengths[batch].max() for batch in batches)
    assert sorted(np.concatenate(batches).tolist()) == list(range(5000))
    assert all(len(batch) * lengths[batch].max() <= 8192 for batch in batches)
    assert padded / lengths.sum() <= 1.02
