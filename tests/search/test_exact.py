"""One pass over all products against sorting, ties included.

Vectors are small integers: their inner products are exact, so ties are ties on any machine.
"""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from adapterxlt.errors import AdapterXLTError
from adapterxlt.progress import Silent
from adapterxlt.search import exact, on_device
from adapterxlt.search.exact import exact_neighbours
from adapterxlt.search.kept import Kept
from adapterxlt.search.rows import ArrayRows

ROWS = st.lists(st.lists(st.integers(-2, 2), min_size=2, max_size=2), min_size=1, max_size=40)


def sorted_neighbours(queries, base, k):
    products = queries @ base.T
    everyone = np.broadcast_to(np.arange(len(base)), products.shape)
    ids = np.lexsort((everyone, -products), axis=1)[:, :k]
    return np.take_along_axis(products, ids, axis=1), ids


@given(ROWS, ROWS, st.integers(1, 50), st.sampled_from([1, 3, 8, 1024]))
def test_both_directions_equal_sorting_all_by_score_then_id(source, target, k, side):
    left, right = np.array(source, np.float32), np.array(target, np.float32)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(exact, "ROWS", side)
        patch.setattr(exact, "SUPER", 2 * side)
        forward, backward = exact_neighbours(ArrayRows(left), ArrayRows(right), k)
    for found, (queries, base) in ((forward, (left, right)), (backward, (right, left))):
        scores, ids = sorted_neighbours(queries, base, k)
        assert np.array_equal(found[1], ids)
        assert np.array_equal(found[0], scores)
        assert (found[0].dtype, found[1].dtype) == (np.float32, np.int64)


@given(ROWS, ROWS, st.integers(1, 50), st.sampled_from([1, 3, 8, 1024]))
def test_products_of_a_device_end_in_the_same(source, target, k, side):
    left, right = np.array(source, np.float32), np.array(target, np.float32)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(on_device, "ROWS", 2 * side)
        patch.setattr(on_device, "COLUMNS", side)
        there = exact_neighbours(ArrayRows(left), ArrayRows(right), k, device="cpu")
    here = exact_neighbours(ArrayRows(left), ArrayRows(right), k)
    for found, expected in zip(there, here, strict=True):
        assert found[0].tobytes() == expected[0].tobytes()
        assert found[1].tobytes() == expected[1].tobytes()


def test_a_broken_search_of_a_device_goes_on_without_it(tmp_path, monkeypatch):
    rng = np.random.default_rng(3)
    left, right = (rng.integers(-2, 3, (n, 5)).astype(np.float32) for n in (70, 90))
    monkeypatch.setattr(on_device, "ROWS", 16)
    monkeypatch.setattr(on_device, "COLUMNS", 32)
    monkeypatch.setattr(exact, "SUPER", 16)

    class Cut(Kept):
        saved = 0

        def is_due(self):
            if self.saved == 2:
                raise KeyboardInterrupt
            self.saved += 1
            return True

    sides = ArrayRows(left), ArrayRows(right)
    with pytest.raises(KeyboardInterrupt):
        exact_neighbours(*sides, 4, kept=Cut(tmp_path / "kept"), device="cpu")
    looked = []
    monkeypatch.setattr(exact, "_read", lambda rows, start, size, read=exact._read: (
        looked.append(start) or read(rows, start, size)))  # fmt: skip
    again = exact_neighbours(*sides, 4, kept=Kept(tmp_path / "kept"))
    assert looked[0] == 32, "two blocks of rows were done"
    for found, expected in zip(again, exact_neighbours(*sides, 4), strict=True):
        assert found[0].tobytes() == expected[0].tobytes()
        assert found[1].tobytes() == expected[1].tobytes()


@pytest.mark.parametrize("fails_at", [0, 8])
def test_the_cpu_goes_on_where_the_memory_of_a_device_ends(monkeypatch, fails_at):
    rng = np.random.default_rng(3)
    left, right = (rng.integers(-2, 3, (n, 5)).astype(np.float32) for n in (70, 90))
    sides = ArrayRows(left), ArrayRows(right)
    expected = exact_neighbours(*sides, 4)
    monkeypatch.setattr(on_device, "ROWS", 16)
    monkeypatch.setattr(on_device, "COLUMNS", 32)
    monkeypatch.setattr(exact, "SUPER", 16)
    products = []

    def better(*of, better=on_device._better):
        if len(products) == 2 * fails_at:  # of each block of products, twice
            raise torch.OutOfMemoryError
        products.append(of)
        return better(*of)

    monkeypatch.setattr(on_device, "_better", better)
    looked = []
    monkeypatch.setattr(exact, "_look", lambda held, start, *of, look=exact._look: (
        looked.append(start) or look(held, start, *of)))  # fmt: skip

    told, progress = [], Silent()
    progress.log = told.append
    found = exact_neighbours(*sides, 4, progress, device="cpu")
    assert told == ["`cpu` has too little memory for this search; continuing on the CPU"]
    # 90 target rows are three blocks: the ninth product belongs to the third block of rows.
    assert sorted(looked) == list(range(16 * (fails_at // 3), 70, 16))
    for one, other in zip(found, expected, strict=True):
        assert one[0].tobytes() == other[0].tobytes()
        assert one[1].tobytes() == other[1].tobytes()


def test_a_target_that_does_not_fit_is_sent_block_by_block(monkeypatch):
    rng = np.random.default_rng(3)
    left, right = (rng.normal(size=(n, 5)).astype(np.float32) for n in (70, 90))
    sides = ArrayRows(left), ArrayRows(right)
    expected = exact_neighbours(*sides, 4)
    monkeypatch.setattr(on_device, "ROWS", 16)
    monkeypatch.setattr(on_device, "COLUMNS", 32)
    monkeypatch.setattr(on_device, "_fits", lambda rows, best, device: True)
    sent = []

    def send(device, rows, start, size, send=on_device._on):
        sent.append((rows is sides[1], start))
        if len(sent) == 6:  # somebody else has taken the memory meanwhile
            raise torch.OutOfMemoryError
        return send(device, rows, start, size)

    monkeypatch.setattr(on_device, "_on", send)
    told, progress = [], Silent()
    progress.log = told.append
    found = exact_neighbours(*sides, 4, progress, device="cpu")
    assert told == [], "the device goes on"
    # The target is sent once while it stays, and for each block of rows from the third on later.
    assert [start for target, start in sent[:6] if target] == [0, 32, 64]
    assert [start for target, start in sent[6:] if not target] == [32, 48, 64]
    assert len([start for target, start in sent[6:] if target]) == 3 * 3
    for one, other in zip(found, expected, strict=True):
        assert one[0].tobytes() == other[0].tobytes()
        assert one[1].tobytes() == other[1].tobytes()


def test_products_that_are_rounded_as_tf32_are_refused(monkeypatch):
    full = torch.full
    monkeypatch.setattr(
        torch, "full", lambda shape, value, **more: full(shape, float(int(value)), **more)
    )
    sides = ArrayRows(np.ones((3, 2), np.float32)), ArrayRows(np.ones((3, 2), np.float32))
    with pytest.raises(AdapterXLTError, match="`cpu` rounds products of single precision"):
        exact_neighbours(*sides, 1, device="cpu")


def test_real_valued_vectors_on_a_device_give_the_same_bytes():
    rng = np.random.default_rng(1)
    left, right = (rng.normal(size=(n, 24)).astype(np.float32) for n in (1500, 5000))
    sides = ArrayRows(left), ArrayRows(right)
    for found, expected in zip(
        exact_neighbours(*sides, 4, device="cpu"), exact_neighbours(*sides, 4), strict=True
    ):
        assert found[0].tobytes() == expected[0].tobytes()
        assert found[1].tobytes() == expected[1].tobytes()


def test_real_valued_vectors_give_what_sorting_gives_and_the_same_bytes():
    rng = np.random.default_rng(1)
    left, right = (rng.normal(size=(n, 24)).astype(np.float32) for n in (1500, 2100))
    forward, backward = exact_neighbours(ArrayRows(left), ArrayRows(right), 4)
    assert np.array_equal(forward[1], sorted_neighbours(left, right, 4)[1])
    assert np.array_equal(backward[1], sorted_neighbours(right, left, 4)[1])
    again = exact_neighbours(ArrayRows(left), ArrayRows(right), 4)
    for found, repeated in ((forward, again[0]), (backward, again[1])):
        assert found[0].tobytes() == repeated[0].tobytes()
        assert found[1].tobytes() == repeated[1].tobytes()


@pytest.fixture
def in_many_threads():
    threads = torch.get_num_threads()
    torch.set_num_threads(6)
    yield
    torch.set_num_threads(threads)


@pytest.mark.parametrize(("side", "sizes"), [(8, (300, 400)), (32, (700, 900))])
def test_threads_that_come_across_each_other_change_nothing(
    in_many_threads, monkeypatch, side, sizes
):
    monkeypatch.setattr(exact, "ROWS", side)
    monkeypatch.setattr(exact, "SUPER", 4 * side)
    rng = np.random.default_rng(5)
    left, right = (rng.integers(-2, 3, (n, 3)).astype(np.float32) for n in sizes)
    forward, backward = exact_neighbours(ArrayRows(left), ArrayRows(right), 5)
    for found, (queries, base) in ((forward, (left, right)), (backward, (right, left))):
        scores, ids = sorted_neighbours(queries, base, 5)
        assert np.array_equal(found[1], ids)
        assert np.array_equal(found[0], scores)


def test_vectors_that_may_not_be_written_to(tmp_path, recwarn):
    rng = np.random.default_rng(2)
    vectors = rng.normal(size=(1500, 8)).astype(np.float32)
    np.save(tmp_path / "vectors.npy", vectors)
    mapped = ArrayRows(np.load(tmp_path / "vectors.npy", mmap_mode="r"))
    forward, _ = exact_neighbours(mapped, mapped, 3)
    assert np.array_equal(forward[1], sorted_neighbours(vectors, vectors, 3)[1])
    assert not recwarn.list


@pytest.mark.parametrize("queries", [1, 30])
@pytest.mark.parametrize("k", [50, 99, 150])
def test_many_neighbours_with_ties_at_the_last_place(queries, k):
    rng = np.random.default_rng(7)
    q, b = (rng.integers(-1, 2, (n, 2)).astype(np.float32) for n in (queries, 300))
    forward, backward = exact_neighbours(ArrayRows(q), ArrayRows(b), k)
    assert np.array_equal(forward[1], sorted_neighbours(q, b, k)[1])
    assert np.array_equal(backward[1], sorted_neighbours(b, q, k)[1])


def test_all_equal_vectors_end_with_the_lowest_ids(monkeypatch):
    monkeypatch.setattr(exact, "ROWS", 256)
    ones = ArrayRows(np.ones((600, 4), np.float32))
    forward, backward = exact_neighbours(ones, ones, 4)
    assert (forward[1] == [0, 1, 2, 3]).all()
    assert (backward[1] == [0, 1, 2, 3]).all()


def test_bad_sides_are_refused():
    good = ArrayRows(np.ones((2, 3), np.float32))
    with pytest.raises(AdapterXLTError, match="3 dimensions, target vectors 4"):
        exact_neighbours(good, ArrayRows(np.ones((2, 4), np.float32)), 1)
    with pytest.raises(AdapterXLTError, match="hold NaN or infinity"):
        ArrayRows(np.array([[1, np.inf]], np.float32))
    with pytest.raises(ValueError, match="k must be at least 1"):
        exact_neighbours(good, good, 0)
