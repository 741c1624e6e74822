"""The names of rows."""

from __future__ import annotations

from dataclasses import replace

import pytest

from adapterxlt.report.labels import rows_of, without_caps
from adapterxlt.report.origins import origin_of
from tests.report.measured import a_comparison
from tests.report.rows import row

MIXED = "mnli[6] + squad[2] + hellaswag[2] (seq_bn, equal)"


def names(*chains: str, trained_in: tuple[str, ...] = ("en",)) -> list[tuple[str, str]]:
    """The short and the full names of models on one target, by their lineage."""
    models = [row("m", "de", 1.0, trained_in=trained_in) for _ in chains]
    origins = [
        origin_of(replace(one, lineage=f"mini > {chain}"))
        for one, chain in zip(models, chains, strict=True)
    ]
    found = rows_of(origins, [a_comparison()] * len(chains), ["pawsx"] * len(chains))
    return [(one.name, one.full) for one in found]


def test_many_tasks_are_counted_and_named_once() -> None:
    assert names(
        f"{MIXED} > pawsx (seq_bn, after)", "mnli (seq_bn) > pawsx (full, after)",
        "mnli (seq_bn) > squad (seq_bn, after) > pawsx (seq_bn, after)",
    ) == [
        ("3 tasks · seq_bn", "mnli + squad + hellaswag · seq_bn"),
        ("mnli · full", "mnli · full"),
        ("mnli + squad · seq_bn", "mnli + squad · seq_bn"),
    ]  # fmt: skip


def test_the_same_task_is_told_where_it_was_trained_on_before() -> None:
    chains = ["pawsx (seq_bn, stacked)", "pawsx (seq_bn, stacked) > pawsx (seq_bn, stacked)"]
    assert [name for name, _ in names(*(f"mnli (seq_bn) > {one}" for one in chains))] == [
        "mnli",
        "mnli + the same task",
    ]


def test_what_was_not_trained_before_is_called_by_what_it_is() -> None:
    merged = "merge(pawsx (lora) + pawsx (lora))"
    assert names("pawsx (lora)", "pawsx (full)", merged) == [
        ("lora", "lora"), ("full", "full"), ("merge", "merge"),
    ]  # fmt: skip
    assert names("mnli (lora) > pawsx (lora, after)", merged) == [
        ("mnli · after", "mnli · after"), ("merge", "merge"),
    ]  # fmt: skip


def test_as_many_other_tasks_have_another_name() -> None:
    chains = [f"{MIXED} > pawsx (lora, after)", "a + b + c (lora, equal) > pawsx (lora, after)"]
    assert names(*chains) == [
        ("3 tasks (a)", "mnli + squad + hellaswag"), ("3 tasks (b)", "a + b + c"),
    ]  # fmt: skip


@pytest.mark.parametrize("amount", ["10 shots", "10 shots of seed 3", "translated, 10 shots"])
def test_few_examples_are_told_instead_of_the_names_of_stages(amount: str) -> None:
    chains = ["pawsx(de) (lora)", f"pawsx[{amount}](de) (lora)", "pawsx[1 shots](de) (lora)"]
    assert names(*chains, trained_in=("de",)) == [
        ("none", "none"), ("10 shots", "10 shots"), ("1 shot", "1 shot"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("tasks", "shown"),
    [
        (["none", "mnli[600] + squad[150]"], ["none", "mnli + squad"]),
        (["mnli[600] + squad[150]"] * 2, ["mnli + squad"] * 2),
        (["mnli[600] + squad", "mnli[60] + squad"], ["mnli[600] + squad", "mnli[60] + squad"]),
        (["xnli[translated](de)"], ["xnli[translated](de)"]),
    ],
)
def test_amounts_stand_only_where_they_tell_rows_apart(tasks: list[str], shown: list[str]) -> None:
    assert without_caps(tasks) == shown
