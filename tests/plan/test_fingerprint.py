from __future__ import annotations

import json
from dataclasses import replace

import pytest

from adapterxlt.plan.fingerprint import fingerprint_parts
from adapterxlt.recipe.kinds import KINDS
from adapterxlt.recipe.steps import Step
from adapterxlt.store.files import address_of
from adapterxlt.tasks.catalogue import catalogue

TRAIN = KINDS["train"].version
PARAMS = {"task": "mnli", "method": "seq_bn", "lr": 0.001}
STEP = Step("nli", "train", "nli", (), PARAMS, {"checkpoint_every": 100})


def version_of(step: Step) -> int | str:
    return KINDS[step.kind].version_of(step, catalogue())


def address(step: Step, data: str = "d", backbone: str = "b", inputs: tuple[str, ...] = ()) -> str:
    return address_of(fingerprint_parts(step, data=data, backbone=backbone, inputs=inputs))


def test_names_and_neutral_parameters_do_not_count() -> None:
    assert address(STEP) == address(replace(STEP, id="x", stage="x", neutral={}))
    assert len(address(STEP)) == 64


def test_everything_else_counts() -> None:
    others = [
        address(replace(STEP, params={**PARAMS, "lr": 0.002})),
        address(replace(STEP, kind="fuse")),
        address(STEP, data="e"),
        address(STEP, backbone="c"),
        address(STEP, inputs=("f" * 64,)),
    ]
    assert len({address(STEP), *others}) == 6


def test_the_order_of_inputs_counts() -> None:
    assert address(STEP, inputs=("1", "2")) != address(STEP, inputs=("2", "1"))


def test_parts_equal_those_of_an_earlier_run_read_from_a_file() -> None:
    step = replace(STEP, params={"method": "full", "layer": {12: 8}, "layers": (0, 1)})
    parts = fingerprint_parts(step, data="d", backbone="b", inputs=())
    assert parts == json.loads(json.dumps(parts))
    assert parts["params"] == {"method": "full", "layer": {"12": 8}, "layers": [0, 1]}


def test_a_revision_is_of_the_steps_that_evaluate_one_kind_of_task() -> None:
    assert version_of(STEP) == 2
    assert version_of(replace(STEP, params={**PARAMS, "task": "squad", "keep": "best"})) == 2
    assert version_of(replace(STEP, kind="evaluate", params={"task": "xquad"})) == "3.1"
    assert version_of(replace(STEP, kind="evaluate", params={"task": "panx"})) == 3
    assert version_of(replace(STEP, kind="retrieve", params={"task": "tatoeba"})) == 4
    assert version_of(replace(STEP, kind="merge", params={"weights": [1.0]})) == 2


@pytest.mark.parametrize(
    ("weights", "version"),
    [
        ([0.5, 0.5], 2),
        ([1.0, -0.5], 2),
        ([1.0, 1.0, -1.0], 2),
        ([1.0, -1.0], 2),
        ([1.0, -0.999], "2.1"),
        ([1.0, -0.9, -0.01], "2.1"),
    ],
)
def test_merges_have_a_new_address_whose_heads_were_divided_by_nearly_nothing(
    weights: list[float], version: object
) -> None:
    assert version_of(replace(STEP, kind="merge", params={"weights": weights})) == version


@pytest.mark.parametrize(
    "method",
    [
        "prompt_tuning",
        "lora|prompt_tuning[prompt_length=3]",
        "unipelt",
        "seq_bn[use_gating=true]",
        "loreft[suffix_positions=2]",
    ],
)
def test_methods_that_looked_at_padding_have_a_new_address(method: str) -> None:
    step = replace(STEP, params={**PARAMS, "method": method})
    parts = fingerprint_parts(step, data="d", backbone="b", inputs=())
    assert parts["version"] == f"{TRAIN}.1"


def test_decayed_orthogonal_matrices_have_a_new_address() -> None:
    loreft = replace(STEP, params={**PARAMS, "method": "loreft", "weight_decay": 0.0})
    assert version_of(loreft) == TRAIN
    decayed = replace(loreft, params={**loreft.params, "weight_decay": 1e-4})
    assert version_of(decayed) == f"{TRAIN}.1"
    assert version_of(replace(decayed, params={**decayed.params, "method": "lora"})) == (TRAIN)


@pytest.mark.parametrize("method", ["seq_bn", "full", "lora", "prefix_tuning", "mam", "loreft"])
def test_all_other_methods_keep_theirs(method: str) -> None:
    step = replace(STEP, params={**PARAMS, "method": method})
    parts = fingerprint_parts(step, data="d", backbone="b", inputs=())
    assert parts["version"] == TRAIN
