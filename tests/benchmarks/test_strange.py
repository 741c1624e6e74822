from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapterxlt.benchmarks.spec import Pair, Scored
from adapterxlt.benchmarks.strange import meant_label, strange_labels
from adapterxlt.benchmarks.xglue import XGLUE
from adapterxlt.benchmarks.xtreme import XTREME
from adapterxlt.tasks.catalogue import get_task

Score = Callable[[str, str, str], Scored]


@pytest.fixture
def score(write: Callable[[str, str], Path]) -> Score:
    """Score predictions against labels of a task of XTREME (lower case) or XGLUE."""

    def go(task: str, labels: str, predictions: str) -> Scored:
        (spec,) = (spec for spec in (*XTREME.tasks, *XGLUE.tasks) if spec.name == task)
        return spec.scored(write("test-de.tsv", predictions), write("gold.tsv", labels), "de")

    return go


@pytest.mark.parametrize(
    ("task", "labels", "predictions", "what", "hint"),
    [
        ("panx", "B-PER\nI-PER\n\nO\n", "B_PER\nI_PER\n\nO\n",
         "2 of 3 predictions are not labels (`B_PER` in line 1, `I_PER` in line 2)",
         "did you mean `B-PER`?"),
        ("panx", "B-PER\nI-PER\n\nO\n", "LABEL_5\nLABEL_6\n\nLABEL_0\n",
         "3 of 3 predictions are not labels", "saved without label names"),
        ("panx", "a\tB-PER\n\nb\tO\n", "O\n\nper\n", "(`per` in line 3)", "did you mean `B-PER`?"),
        ("udpos", "NOUN\nVERB\n", "NOUN\nverb\n", "(`verb` in line 2)", "did you mean `VERB`?"),
        ("NER", "a B-MISC\nb O\n", "b-misc\nO\n", "(`b-misc` in line 1)", "did you mean `B-MISC`?"),
        ("POS", "a NOUN\nb ADJ\n", "NOUN\nxyzzy\n", "(`xyzzy` in line 2)", "the labels are ADJ,"),
        ("xnli", "neutral\nentailment\n", "neutral\nentail\n", "(`entail` in line 2)",
         "did you mean `entailment`?"),
        ("pawsx", "0\n1\n", "0\nLABEL_1\n", "(`LABEL_1` in line 2)", "without label names"),
        ("QADSM", "q\tGood\nq\tBad\n", "Good\nbad\n", "(`bad` in line 2)", "did you mean `Bad`?"),
        ("NC", "t\tnews\nt\tautos\n", "news\nauto\n", "(`auto` in line 2)",
         "did you mean `autos`?"),
        ("PAWSX", "id\tl\n1\t0\n2\t1\n", "0\nyes\n", "(`yes` in line 2)", "the labels are 0, 1"),
    ],
)  # fmt: skip
def test_predictions_that_are_no_labels_are_said(
    score: Score, task: str, labels: str, predictions: str, what: str, hint: str
) -> None:
    (remark,) = score(task, labels, predictions).remarks
    assert "test-de.tsv: " in remark
    assert what in remark
    assert hint in remark


def test_strange_gold_labels_are_said_too(score: Score) -> None:
    gold = "id\tl\n1\t0\n2\t1\n3\t0\n4\t2\n"
    (remark,) = score("PAWSX", gold, "0\n1\n0\n0\n").remarks
    assert "gold.tsv: 1 of 4 gold labels are unknown (`2` in line 5)" in remark
    (remark,) = score("panx", "a\tO\nb\tB-PER\n\nc\tper\n", "O\nB-PER\n\nO\n").remarks
    assert "gold.tsv: 1 of 3 gold labels are unknown (`per` in line 4)" in remark


def test_the_score_stays_the_official_one(score: Score) -> None:
    scored = score("panx", "B-PER\nI-PER\n\nO\n", "B-PER\nI-PER\n\nLABEL_0\n")
    assert scored.metrics == {
        "precision": 50.0,
        "recall": 100.0,
        "f1": pytest.approx(200 / 3),
        "token_accuracy": pytest.approx(200 / 3),
    }


def test_pairs_of_other_ids_are_said(score: Score) -> None:
    gold = "de-1\ten-1\nde-2\ten-2\n"
    assert score("bucc2018", gold, "de-1\ten-3\nde-9\ten-2\n").remarks == []
    (remark,) = score("bucc2018", gold, "en-1\tde-1\n").remarks
    assert "none of its source ids (`en-1`) is in the labels (`de-1`)" in remark
    assert "source and target ids are swapped" in remark
    (remark,) = score("bucc2018", gold, "000001\ten-1\n").remarks
    assert "check that these predictions belong to these labels" in remark


def test_numbers_of_no_line_are_said(score: Score) -> None:
    assert score("tatoeba", "0\n1\n2\n", "2\n1\n0\n").remarks == []
    (remark,) = score("tatoeba", "0\n1\n2\n", "1\n2\n3\n").remarks
    assert "1 of 3 predictions are not line numbers (`3` in line 3)" in remark
    assert "run from 0 to 2" in remark


PANX_TAGS = get_task("panx").labels
ALL = (PANX_TAGS, *(get_task(name).labels for name in ("xnli", "pawsx", "udpos", "xglue_ner")))


@given(st.sampled_from(ALL), st.data())
def test_another_case_or_hyphen_is_understood(known: tuple[str, ...], data: st.DataObject) -> None:
    label = data.draw(st.sampled_from(known))
    assert meant_label(label.lower(), known) == label
    assert meant_label(label.replace("-", "_"), known) == label


@given(st.lists(st.sampled_from([*PANX_TAGS, "PER", "LABEL_3"])))
def test_as_many_are_counted_as_there_are(tags: list[str]) -> None:
    pair = Pair(Path("p"), Path("l"), "de")
    strange = [line for line, tag in enumerate(tags, 1) if tag not in PANX_TAGS]
    found = strange_labels(pair, [], enumerate(tags, 1), PANX_TAGS, "as they are")
    assert len(found) == bool(strange)
    if strange:
        assert f"p: {len(strange)} of {len(tags)} predictions" in found[0]
        assert f"line {strange[0]}" in found[0]
