from __future__ import annotations

from functools import partial

from adapterxlt.plan.lineage import describe


def step(fingerprint: str, kind: str, *inputs: str, **params: object) -> dict[str, object]:
    return {
        "fingerprint": fingerprint,
        "kind": kind,
        "params": params,
        "data": "",
        "inputs": list(inputs),
    }


NLI = step("1", "train", task="mnli", method="seq_bn", relation="none", cap=2000)
QA = step("2", "train", task="squad", method="seq_bn", relation="none", cap=None)
BACKBONE = {"name": "mini", "hash": "h"}


def line(*steps: dict[str, object]) -> str:
    return describe({"backbone": BACKBONE, "steps": list(steps)})


def test_the_bare_backbone() -> None:
    assert line() == "mini"


def test_sequence_stack_fusion_and_merge_read_as_what_they_are() -> None:
    assert line(NLI) == "mini > mnli (seq_bn, 2000 examples)"
    after = step("3", "train", "1", task="udpos", method="seq_bn", relation="after")
    assert line(NLI, after) == "mini > mnli (seq_bn, 2000 examples) > udpos (seq_bn, after)"
    stacked = step("3", "train", "2", task="udpos", method="lora", relation="stack_on")
    assert line(QA, stacked) == "mini > squad (seq_bn) > udpos (lora, stacked)"
    fused = step("4", "fuse", "1", "2", task="panx")
    assert line(NLI, QA, fused) == (
        "mini > fuse(mnli (seq_bn, 2000 examples) + squad (seq_bn)) > panx (fusion)"
    )
    merged = step("5", "merge", "2", "1", weights=[0.5, 0.5])
    assert line(QA, NLI, merged) == ("mini > merge(squad (seq_bn) + mnli (seq_bn, 2000 examples))")


def test_choosing_the_best_epoch_is_told() -> None:
    step_of = partial(step, "1", "train", task="mnli", method="full", relation="none", keep="best")
    assert line(step_of(dev_cap=None)) == "mini > mnli (full, best epoch on dev)"
    assert line(step_of(dev_cap=500)) == "mini > mnli (full, best epoch on dev[500])"


def test_a_mixture_names_its_tasks() -> None:
    def part(task: str, language: str = "en", cap: int | None = None) -> dict[str, object]:
        return {"task": task, "language": language, "cap": cap}

    tasks = [part("mnli"), part("squad", cap=2000), part("mlm", "de"), part("mlm", "sw")]
    mixed = step("9", "train", tasks=tasks, method="lora", relation="none", sampling="uniform")
    after = step("3", "train", "9", task="udpos", method="lora", relation="after")
    assert line(mixed, after) == (
        "mini > mnli + squad[2000] + mlm(de, sw) (lora, uniform) > udpos (lora, after)"
    )
