"""Which of the user's values published ones stand beside."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from adapterxlt.kinds.registry import get_kind
from adapterxlt.report.facts import published
from adapterxlt.report.page import render
from adapterxlt.report.read import Run
from adapterxlt.report.references import Beside, beside
from adapterxlt.results.rows import Row
from adapterxlt.retrieval.protocols import get_protocol
from adapterxlt.tasks.catalogue import catalogue
from tests.report.rows import row

FULL = "FacebookAI/xlm-roberta-base > mnli (full)"
LARGE = "xlm-roberta-large"


def trained(lineage: str = FULL, **changes: Any) -> Row:
    own = row("direct", "sw", 60.0, task="xnli", split="test")
    return replace(own, **{"lineage": lineage, "caps": "", "data": "hub"} | changes)


def searched(task: str = "tatoeba", **changes: Any) -> Row:
    metric, split = ("accuracy", "test") if task == "tatoeba" else ("f1", "dev")
    own = row("none", "de", 60.0, task=task, metric=metric, split=split, layer=14, trained_in=())
    known = {"lineage": LARGE, "caps": "", "data": "hub", "protocol": "jiant"}
    return replace(own, **known | changes)


def found(*rows: Row) -> list[Beside]:
    return beside([Run(Path(), "test", rows)])


def told(*rows: Row) -> list[tuple[str, float]]:
    return [(" ".join(one.known.languages), one.known.value) for one in found(*rows)]


def test_published_values_stand_beside_the_same_model_only() -> None:
    assert len(published()) > 50
    assert ("sw", 66.5) in told(trained())
    assert told(trained("mini > mnli (full)")) == []
    assert told(trained("xlm-roberta-base > mnli (lora)")) == []
    assert told(trained("xlm-roberta-base > mnli + squad (full, equal)")) == []
    assert told(trained(trained_in=("de",))) == []


def test_a_published_value_is_of_all_examples() -> None:
    assert told(trained("xlm-roberta-base > mnli (full, best epoch on dev[500])"))
    for few in (
        {"caps": "train 2000"},
        {"caps": "evaluate 100"},
        {"lineage": "xlm-roberta-base > mnli (full, 2000 examples)"},
        {"lineage": "xlm-roberta-base > mnli[10 shots] (full)", "shot_seed": 1},
        {"lineage": "xlm-roberta-base > mnli[10 shots of seed 3] (full)", "shot_seed": 3},
        {"data": "pocket"},
        {"data": "pocket, xtreme"},
    ):
        assert told(trained(**few)) == []


def test_a_near_encoder_is_named() -> None:
    lineage = "xlm-roberta-base > xglue_nc (full, best epoch on dev)"
    own = trained(lineage, task="xglue_nc", language="en")
    assert [(one.known.backbone, one.known.value) for one in found(own)] == [("unicoder", 83.5)]
    assert told(replace(own, lineage=lineage.replace("base", "large"))) == []
    assert told(replace(own, split="dev")) == []
    assert "unicoder, full, zero-shot</td>" in render([Run(Path(), "test", (own,))], {}, [])


def test_a_model_that_saw_the_data_before_is_not_a_direct_one() -> None:
    lineage = "xlm-roberta-base > mnli (full) > xglue_xnli (full, after)"
    own = trained(lineage, task="xglue_xnli", language="en", same_data=("mnli",))
    assert told(own) == []
    assert told(replace(own, lineage="xlm-roberta-base > xglue_xnli (full)", same_data=()))


def test_the_best_intermediate_task_was_trained_on_whole() -> None:
    before = "squad (full)"
    best = trained(f"{LARGE} > {before} > xnli (full, after)", language="de")
    assert [one.known.intermediate for one in found(best)] == ["*"]
    for few in ("squad (full, 600 examples)", "squad[600] + mnli (full, equal)"):
        assert told(replace(best, lineage=best.lineage.replace(before, few))) == []


@pytest.mark.parametrize("task", ["tatoeba", "bucc2018"])
def test_published_retrieval_is_of_the_same_protocol(task: str) -> None:
    value = {"tatoeba": 63.9, "bucc2018": 77.7}[task]
    for same in ({}, {"pooling": "mean"}, {"protocol": "jiant, precision bf16"}):
        assert ("de", value) in told(searched(task, **same))
    for other in (
        {"protocol": "xtreme-2020"},
        {"protocol": "jiant+csls"},
        {"protocol": "jiant+centre"},
        {"protocol": "jiant+whiten"},
        {"protocol": 'jiant, prefix "query: "'},
        {"protocol": 'jiant, prefix ", precision bf16"'},
        {"pooling": "cls"},
        {"layer": 13},
        {"language_adapter": "de"},
        {"lineage": f"{LARGE} > mnli (full)"},
    ):
        assert told(searched(task, **other)) == []


def test_every_published_value_names_its_protocol() -> None:
    tasks = catalogue()
    for one in published():
        kind = get_kind(tasks[one.task].kind)
        if kind.trainable:
            assert (one.protocol, one.pooling) == ("zero-shot", "")
        else:
            protocol = get_protocol(one.protocol)
            vectors = protocol.bucc if kind.mines else protocol.tatoeba
            assert one.pooling == vectors.pooling
            assert one.method == f"layer {vectors.layer.layer(24)}"


def test_the_page_names_the_protocol_of_published_values() -> None:
    page = render([Run(Path(), "test", (searched(), trained()))], {}, [])
    assert "xlm-roberta-large, layer 14, jiant, mean pooling</td>" in page
    assert "xlm-roberta-base, full, zero-shot</td>" in page
