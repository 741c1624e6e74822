"""The lineage of a model: its backbone and all its training steps, oldest first."""

from __future__ import annotations

from collections.abc import Mapping

from adapterxlt.backbones.backbone import Backbone
from adapterxlt.order import in_order
from adapterxlt.plan.steps import Plan
from adapterxlt.recipe.kinds import KINDS

LONGEST = 2000  # characters of a lineage on one line; one that branches again and again is cut


def lineage_of(plan: Plan, step_id: str | None, backbone: Backbone) -> dict[str, object]:
    """Return the lineage of a step's output as plain JSON data.

    Args:
        step_id: a trained step; None is the bare backbone.
    """
    steps: dict[str, dict[str, object]] = {}
    for planned in plan.upto(step_id) if step_id is not None else ():
        if planned.lineage:  # of what was trained elsewhere
            for step in planned.lineage:
                steps.setdefault(str(step["fingerprint"]), step)
            continue
        steps.setdefault(
            planned.fingerprint,
            {
                "fingerprint": planned.fingerprint,
                "kind": planned.step.kind,
                "params": planned.step.params,
                "data": planned.parts["data"],
                "origins": planned.origins,
                "inputs": planned.parts["inputs"],
            },
        )
    return {
        "backbone": {"name": backbone.name, "hash": backbone.hash},
        "steps": list(steps.values()),
    }


def describe(lineage: Mapping[str, object]) -> str:
    """Return a lineage as one readable line: `mini > mnli (seq_bn) > udpos (seq_bn, after)`."""
    backbone = lineage.get("backbone")
    names = [str(backbone["name"]) if isinstance(backbone, Mapping) else "new"]
    steps = lineage["steps"]
    assert isinstance(steps, list)
    by_fingerprint = {step["fingerprint"]: step for step in steps}
    names_of: dict[object, str] = {}  # each step once, however many need it

    def spell(step: Mapping[str, object]) -> str:
        params = step["params"]
        assert isinstance(params, Mapping)
        inputs = [names_of[needed] for needed in _list(step["inputs"])]
        if step["kind"] == "import":
            return f"imported ({params['method']}, training unknown)"
        kind = KINDS.get(str(step["kind"]))
        return kind.words(params, inputs) if kind else str(step["kind"])

    for address in in_order(
        [steps[-1]["fingerprint"]] if steps else [],
        lambda address: _list(by_fingerprint[address]["inputs"]),
    ):
        text = spell(by_fingerprint[address])
        names_of[address] = text if len(text) <= LONGEST else f"{text[:LONGEST]}..."
    if steps:
        names.append(names_of[steps[-1]["fingerprint"]])
    return " > ".join(names)


def _list(value: object) -> list[str]:
    return [str(item) for item in value] if isinstance(value, list) else []
