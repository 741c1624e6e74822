"""Which stages can go on from, stand on, fuse and merge which."""

from __future__ import annotations

import pytest

from tests.recipe.helpers import stages, told

MODELS = """\
bn: {train: mnli}
bn2: {train: mnli, method: "seq_bn[reduction_factor=16]"}
small: {train: mnli, method: "seq_bn[reduction_factor=4]"}
lora: {train: mnli, method: lora}
lora2: {train: mnli, method: lora}
inv: {train: mnli, method: seq_bn_inv}
inv2: {train: mnli, method: seq_bn_inv}
full: {train: mnli, method: full}
on_full: {train: mnli, after: full}
on_full2: {train: mnli, after: on_full}
on_other: {train: mnli, after: full2}
stack: {train: mnli, stack_on: bn}
stack2: {train: mnli, stack_on: bn, seed: 2}
stack3: {train: udpos, after: stack2}
other: {train: mnli, stack_on: bn2}
tall: {train: mnli, stack_on: stack}
tall2: {train: mnli, stack_on: stack, seed: 2}
fused: {fuse: [bn, bn2], train: mnli}
over: {train: mnli, stack_on: fused}
over2: {train: mnli, stack_on: fused, seed: 2}
above: {train: mnli, stack_on: on_full}
above2: {train: mnli, stack_on: on_full, seed: 2}
merged: {merge: [bn, bn2]}
small_lora: {train: mnli, method: "lora[r=4]"}
full2: {train: mnli, method: full}
fulls: {merge: [full, full2]}
loras: {merge: [lora, small_lora]}
nothing: {merge: [lora, lora2], weights: [0.5, -0.5]}
biases: {train: mnli, method: bitfit}
headed: {train: mnli, method: head, after: bn}
little: {merge: [lora, lora2], weights: [1, -0.999]}
"""


def result(body: str) -> list[str]:
    return [line.split(" ", 2)[2] for line in told(stages(f"{MODELS}x: {body}"))]


@pytest.mark.parametrize(
    "body",
    [
        "{train: udpos, after: bn}",
        "{train: udpos, after: bn2}",  # the same configuration, written differently
        "{train: udpos, after: merged}",
        "{train: udpos, after: stack}",  # its top adapter goes on
        "{train: udpos, after: on_full}",
        "{train: udpos, after: full}",
        "{train: udpos, after: full, method: full}",
        "{train: udpos, after: full, method: lora}",
        "{train: udpos, after: inv, method: seq_bn_inv}",
        "{train: udpos, stack_on: bn}",
        "{train: udpos, stack_on: bn, method: lora}",
        "{train: udpos, stack_on: inv}",
        "{train: udpos, stack_on: stack}",
        "{train: udpos, stack_on: fused}",
        "{train: udpos, stack_on: merged}",
        "{train: udpos, stack_on: on_full}",
        "{fuse: [bn, bn2], train: udpos}",
        "{fuse: [bn, merged], train: udpos, fusion: static}",
        "{fuse: [bn2, headed], train: udpos}",
        "{fuse: [stack, stack2], train: udpos}",
        "{fuse: [stack, stack3], train: udpos}",
        "{fuse: [tall, tall2], train: udpos}",
        "{fuse: [above, above2], train: udpos}",
        "{merge: [bn, bn2, merged], weights: [1, -0.5, 2]}",
        "{merge: [lora, lora2]}",
        "{merge: [stack, stack2]}",
        "{merge: [stack, stack3]}",
        "{merge: [on_full, on_full2], how: ties}",
        "{merge: [above, above2]}",
        "{merge: [lora, small_lora], rank: 4}",
        "{merge: [full, full2], weights: [1, -1]}",
        '{train: udpos, method: "lora[r=12,alpha=12]", after: loras}',
        "{merge: [loras, lora], rank: 20}",
        "{train: udpos, stack_on: loras}",
        "{train: udpos, method: full, after: fulls}",
        "{train: udpos, after: fulls}",
        "{train: udpos, method: head}",
        "{train: udpos, method: head, after: bn}",
        "{train: udpos, method: head, after: fused}",
        "{train: udpos, method: head, after: on_full}",
        "{train: udpos, method: bitfit, after: full}",
        "{train: udpos, method: 'full[freeze=2]', after: fulls}",
        "{merge: [full, biases]}",
        "{train: udpos, after: headed}",
        "{fuse: [headed, bn2], train: udpos}",
        "{fuse: [on_full, on_full2], train: udpos}",
        "{retrieve: [nothing], on: tatoeba}",
        "{evaluate: [full, fulls, loras], on: mnli}",
    ],
)
def test_what_can_be_composed(body: str) -> None:
    assert result(body) == []


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (
            "{train: udpos, after: bn, stack_on: bn2}",
            (
                "has `after` and `stack_on` (`after` continues from the weights of a stage, "
                "`stack_on` adds new ones on top)"
            ),
        ),
        (
            "{train: udpos, after: small}",
            (
                "`small` is `seq_bn[reduction_factor=4.0]`, and `seq_bn` cannot continue from its "
                "weights (use the same method, or `stack_on: small`)"
            ),
        ),
        ("{train: udpos, after: lora}", "`lora` is `lora`, and `seq_bn` cannot continue"),
        ("{train: udpos, after: stack, method: lora}", "`stack` is `seq_bn`, and `lora` cannot"),
        ("{train: udpos, after: fused}", "`fused` is a fusion of several adapters"),
        (
            "{train: udpos, after: bn, method: full}",
            (
                "a full fine-tune cannot continue from `bn`, which is not a full fine-tune (make "
                "`bn` a full"
            ),
        ),
        (
            "{train: udpos, stack_on: full}",
            "`full` is a full fine-tune, not an adapter (`after: full` trains an adapter on",
        ),
        ("{train: udpos, stack_on: bn, method: full}", "only adapters can be stacked"),
        ("{train: udpos, stack_on: bn, method: head}", "only adapters can be stacked"),
        ("{train: udpos, after: bn, method: bitfit}", "a full fine-tune cannot continue from `bn`"),
        ("{train: udpos, method: 'full[freeze=x]'}", "`full[freeze]` must be a whole number"),
        (
            "{train: udpos, stack_on: bn, method: seq_bn_inv}",
            "the invertible adapter of `seq_bn_inv` only works in the lowest adapter",
        ),
        (
            "{train: udpos, stack_on: bn, method: loreft}",
            "`loreft` only works as the lowest adapter",
        ),
        ("{train: udpos, stack_on: lora, method: dora}", "`dora` would hide the `lora` below"),
        (
            "{train: udpos, stack_on: fused, method: par_bn}",
            "`par_bn` would hide the `seq_bn` below it (output_adapter)",
        ),
        ("{fuse: [lora, lora2], train: udpos}", "only bottleneck adapters can be fused"),
        ("{fuse: [bn, small], train: udpos}", "`seq_bn` and `seq_bn[reduction_factor=4.0]` differ"),
        ("{fuse: [bn, lora], train: udpos}", "only bottleneck adapters can be fused, not `lora`"),
        ("{fuse: [inv, inv2], train: udpos}", "`seq_bn_inv` has an invertible adapter"),
        (
            "{fuse: [bn, stack], train: udpos}",
            "`stack` does not stand on the same adapters as `bn`; a fusion combines only the "
            "topmost adapters, so those below must be the same (stack all members on the same",
        ),
        ("{fuse: [stack, other], train: udpos}", "`other` does not stand on the same adapters as"),
        ("{fuse: [stack, tall], train: udpos}", "`tall` does not stand on the same adapters as"),
        ("{fuse: [bn2, fused], train: udpos}", "`fused` is a fusion itself (fuse its members"),
        ("{fuse: [over, bn], train: udpos}", "`over` stands on a fusion, and adapters on top"),
        (
            "{fuse: [bn, headed], train: udpos}",
            "`headed` has the same adapter as `bn`, which cannot be fused with itself",
        ),
        ("{fuse: [bn, full], train: udpos}", "`full` is a full fine-tune; only adapters can be"),
        ("{fuse: [bn, on_full], train: udpos}", "`on_full` belongs to a fine-tuned backbone"),
        ("{merge: [bn, on_full]}", "`on_full` belongs to a fine-tuned backbone"),
        ("{merge: [bn, small]}", "`seq_bn` and `seq_bn[reduction_factor=4.0]` differ; only"),
        ("{merge: [bn, lora]}", "`seq_bn` and `lora` differ; only adapters of one configuration"),
        ("{merge: [inv, inv2]}", "`seq_bn_inv` has an invertible adapter, which cannot be"),
        ("{merge: [lora, lora2], rank: 17}", "is above 16, the sum of the members' ranks"),
        ("{merge: [bn, bn2], rank: 4}", "`seq_bn` has no LoRA, so it has no rank"),
        ("{evaluate: [nothing], on: mnli}", "`nothing` has no head: the weights sum to 0, so"),
        ("{evaluate: [little], on: mnli}", "`little` has no head: the weights sum to 0.001, so"),
        (
            "{train: udpos, method: lora, after: loras}",
            "`loras` is `lora[r=12,alpha=12]`, and `lora` cannot continue from its weights",
        ),
        ("{merge: [bn, stack]}", "`stack` does not stand on the same adapters as `bn`; a merge"),
        ("{merge: [bn, fused]}", "`fused` is a fusion of several adapters, whose attention cannot"),
        ("{merge: [stack, stack2], how: ties}", "compares what training changed, but the adapters"),
        ("{merge: [full, bn]}", "`full` is a full fine-tune; only adapters can be merged"),
        ("{train: udpos, method: seq_bm}", "unknown method `seq_bm` (did you mean `seq_bn`?)"),
        ('{train: udpos, method: "lora[rank=2]"}', "`lora` has no parameter `rank`"),
    ],
)
def test_what_cannot_be_composed(body: str, expected: str) -> None:
    found = result(body)
    assert len(found) == 1, found
    assert found[0].startswith(expected)


def test_every_unfit_member_is_told_with_its_place() -> None:
    found = told(stages(f"{MODELS}x: {{fuse: [full, fused, bn], train: udpos}}"))
    assert [line.split(":")[0] for line in found] == ["34 stages.x.fuse[0]", "34 stages.x.fuse[1]"]


def test_what_stands_on_a_problem_is_not_blamed_for_it() -> None:
    body = "a: {train: mnli, method: nope}\nb: {train: udpos, after: a}\nc: {merge: [a, b]}"
    assert [line.split(":")[0] for line in told(stages(body))] == ["3 stages.a.method"]


def test_what_is_written_last_is_looked_at_first() -> None:
    body = """\
        both: {fuse: [one, two], train: udpos}
        two: {train: mnli, method: lora, after: one}
        one: {train: mnli}
        """
    (problem,) = told(stages(body))
    assert "`one` is `seq_bn`, and `lora` cannot continue from its weights" in problem


@pytest.mark.parametrize("weight", [".inf", ".nan"])
def test_a_weight_is_a_finite_number(weight: str) -> None:
    assert result(f"{{merge: [lora, lora2], weights: [1, {weight}]}}") == ["must be a number"]


def test_no_stack_or_fusion_is_larger_than_an_artifact_can_say() -> None:
    stack = "".join(f"s{n}: {{train: mnli, stack_on: s{n - 1}}}\n" for n in range(1, 33))
    (problem,) = told(stages(f"s0: {{train: mnli}}\n{stack}"))
    assert "stages.s32.stack_on: a stack has at most 32 adapters" in problem
    members = "".join(f"m{n}: {{train: mnli, seed: {n}}}\n" for n in range(33))
    names = ", ".join(f"m{n}" for n in range(33))
    (problem,) = told(stages(f"{members}f: {{fuse: [{names}], train: mnli}}"))
    assert "stages.f.fuse: a fusion has at most 32 members" in problem


def test_members_on_two_fine_tunes_are_refused() -> None:
    found = result("{fuse: [on_full, on_other], train: udpos}")
    assert found == [
        f"`{name}` belongs to a fine-tuned backbone, so it cannot be fused with others "
        "(train all members `after` the same full fine-tune)"
        for name in ("on_full", "on_other")
    ]


def test_no_language_adapter_fits_below_members_on_a_fine_tune() -> None:
    (found,) = result(
        "{fuse: [on_full, on_full2], train: udpos, language_adapters: {en: inv, default: inv}}"
    )
    assert found.startswith("the members belong to fine-tuned weights, and language adapters fit")
