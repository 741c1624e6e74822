from __future__ import annotations

import weakref

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from adapterxlt.errors import AdapterXLTError
from adapterxlt.token_budget import Budget, cut, is_out_of_memory, quickest

CPU = torch.device("cpu")


@given(st.lists(st.integers(1, 20), min_size=1, max_size=30), st.integers(20, 200))
def test_all_inputs_pass_once_in_order_in_what_memory_takes(widths: list[int], room: int) -> None:
    lines: list[str] = []
    budget = Budget(600, lines.append)

    def run(batch: list[int]) -> list[int]:
        if len(batch) * max(batch) > room:
            raise torch.OutOfMemoryError
        return [-width for width in batch]

    passed = list(budget.passes(widths, max, run, CPU))
    assert [width for part, _ in passed for width in part] == widths
    assert [output for _, outputs in passed for output in outputs] == [-w for w in widths]
    assert bool(lines) == budget.halved == (len(widths) * max(widths) > room)
    # What was found out holds for the next batch.
    again: list[str] = []
    budget._log = again.append
    list(budget.passes(widths, max, run, CPU))
    assert len(again) <= len(lines)


def test_a_single_input_that_does_not_fit_is_said() -> None:
    lines: list[str] = []

    def run(batch: list[int]) -> None:
        raise torch.OutOfMemoryError

    with pytest.raises(
        AdapterXLTError, match="`cpu` has too little memory for a single input of 50 tok"
    ):
        list(Budget(300, lines.append).passes([50, 50, 50], max, run, CPU))
    assert lines == [
        "`cpu` has too little memory for 150 tokens at a time; continuing with 75",
    ]


def test_other_errors_of_too_little_memory() -> None:
    said = [
        "CUDA error: out of memory\nCUDA kernel errors might be reported at another call",
        "CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`",
        "CUDA error: CUBLAS_STATUS_NOT_INITIALIZED when calling `cublasCreate(handle)`",
    ]
    assert all(is_out_of_memory(RuntimeError(text)) for text in said)
    assert not is_out_of_memory(RuntimeError("CUDA error: device-side assert triggered"))
    room = [0]

    def run(batch: list[int]) -> int:
        if len(batch) > room[0]:
            room[0] = 3
            raise RuntimeError(said[1])
        return sum(batch)

    assert list(Budget(99, lambda line: None).passes([1] * 4, max, run, CPU)) == [([1, 1], 2)] * 2
    with pytest.raises(ZeroDivisionError):
        list(Budget(99, lambda line: None).passes([1], max, lambda batch: 1 / 0, CPU))


def test_what_a_failed_pass_held_is_free_when_the_budget_is_halved() -> None:
    held: list[weakref.ref[torch.Tensor]] = []
    free: list[bool] = []

    class Halving(Budget):
        def halve(self, tokens: int, inputs: int, device: torch.device) -> None:
            free.append(held[-1]() is None)
            super().halve(tokens, inputs, device)

    def run(batch: list[int]) -> None:
        activations = torch.ones(3)
        held.append(weakref.ref(activations))
        if len(batch) > 1:
            raise torch.OutOfMemoryError

    list(Halving(99, lambda line: None).passes([1, 1], max, run, CPU))
    assert free == [True]


def test_pieces_are_cut_by_inputs() -> None:
    piece = {"input_ids": torch.arange(15).view(5, 3), "labels": torch.arange(5)}
    budget = Budget(100, lambda line: None)
    assert cut([piece], budget)[0] is piece
    budget.halve(15, 5, CPU)
    parts = cut([piece], budget)
    assert budget.tokens == 7
    assert [part["labels"].tolist() for part in parts] == [[0, 1], [2, 3], [4]]
    assert torch.equal(torch.cat([part["input_ids"] for part in parts]), piece["input_ids"])


def test_passes_are_small_on_a_processor_only() -> None:
    assert [quickest(tokens, CPU) for tokens in (100, 1024, 8192)] == [100, 1024, 1024]
    assert quickest(8192, torch.device("cuda", 1)) == 8192
