from __future__ import annotations

import platform

import numpy as np
import pytest
import torch

from adapterxlt.search import int8


@pytest.fixture(params=["torch", "absent", "wrong", "elsewhere"])
def torch_kind(request, monkeypatch):
    """torch as it is, without the function, where sums overflow, and on another processor."""
    int8._torch_can.cache_clear()
    machine = "aarch64" if request.param == "elsewhere" else "x86_64"
    monkeypatch.setattr(platform, "machine", lambda: machine)
    if request.param == "absent":
        monkeypatch.delattr(torch, "_int_mm")
    elif request.param == "wrong":
        right = torch._int_mm
        monkeypatch.setattr(torch, "_int_mm", lambda a, b: right(a, b).clamp(-32768, 32767))
    yield request.param
    int8._torch_can.cache_clear()


@pytest.mark.parametrize("shape", [(1, 1, 1), (3, 50, 17), (70, 9, 192), (5, 5, 1024)])
def test_products_are_exact_however_they_are_made(torch_kind, shape):
    rng = np.random.default_rng(0)
    n, m, dim = shape
    left, right = (rng.integers(-128, 128, (rows, dim), dtype=np.int8) for rows in (n, m))
    left[0], right[0] = -128, -128
    found = int8.products(left, right)
    assert np.array_equal(found, left.astype(np.int64) @ right.astype(np.int64).T)
    if torch_kind != "torch":
        assert not int8._torch_can()
