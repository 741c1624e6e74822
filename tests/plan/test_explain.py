from adapterxlt.plan.explain import explain

PARTS = {
    "kind": "train",
    "version": 1,
    "params": {"lr": 0.001, "task": "mnli"},
    "data": "d1",
    "backbone": "b1",
    "inputs": ["f1"],
}


def test_a_step_of_no_earlier_run() -> None:
    assert explain(None, PARTS, ("nli",)) == "never run"


def test_an_output_that_was_removed() -> None:
    assert explain(PARTS, PARTS, ("nli",)) == "not in the store"


def test_every_cause_is_named() -> None:
    then = {
        "kind": "train",
        "version": 0,
        "params": {"lr": 0.002, "task": "mnli", "old": True},
        "data": "d0",
        "backbone": "b0",
        "inputs": ["f0"],
    }
    assert explain(then, PARTS, ("nli",)) == (
        "the version of adapterxlt's train step is now 1; the content of the backbone changed; "
        "lr: 0.002 -> 0.001; old: True -> unset; the data changed; input nli changed"
    )


def test_another_kind_and_another_number_of_inputs() -> None:
    then = PARTS | {"kind": "merge", "inputs": []}
    assert explain(then, PARTS, ("nli",)) == (
        "was a merge stage, is a train stage; 0 inputs before, 1 now"
    )
