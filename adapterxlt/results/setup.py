"""The origin of a result without its seeds, by which results of several seeds are combined."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from adapterxlt.order import in_order
from adapterxlt.store.files import address_of

# What may differ between results that are combined: seeds, and which texts were looked for in what
# the backbone was trained on, which flags a result and does not change it.
_ELSE = ("seed", "shot_seed", "start_seed", "seen")


def setup_of(lineage: Mapping[str, object]) -> str:
    """A short hash of a lineage: what was done to which data, on which backbone.

    Args:
        lineage: as `plan.lineage.lineage_of` returns it and manifests hold it.
    """
    known, last = _setups(lineage)
    backbone = lineage.get("backbone")
    base = backbone["hash"] if isinstance(backbone, Mapping) else ""
    return address_of({"backbone": base, "last": known.get(last, "")})[:16]


def in_same_order(lineage: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The steps of a lineage, inputs first, in an order that does not depend on seeds."""
    known, last = _setups(lineage)
    steps = {step["fingerprint"]: step for step in _steps(lineage)}

    def inputs(address: str) -> list[str]:
        return [needed for needed in _inputs(steps[address], known) if needed in steps]

    return [steps[address] for address in in_order([last] if steps else [], inputs)]


def _setups(lineage: Mapping[str, object]) -> tuple[dict[str, str], str]:
    """What every step is except for its seeds, by address, and the address of the last one."""
    known: dict[str, str] = {}
    last = ""
    for step in _steps(lineage):  # inputs first
        last = str(step["fingerprint"])
        known[last] = address_of(
            {
                "kind": step["kind"],
                "params": _seedless(step.get("params", {})),
                "data": step.get("data", ""),
                "inputs": [known.get(needed, needed) for needed in _inputs(step, known)],
            }
        )
    return known, last


def _inputs(step: Mapping[str, Any], known: Mapping[str, str]) -> list[str]:
    """The inputs of a step; members of a fusion stand there by their addresses, which are random
    where seeds differ, so they are sorted by what they are. The language adapter stays last."""
    inputs = [str(needed) for needed in step.get("inputs", [])]
    if step["kind"] != "fuse":
        return inputs
    members = len(inputs) - ("language_adapter" in step.get("params", {}))
    found = sorted(inputs[:members], key=lambda needed: known.get(needed, needed))
    return [*found, *inputs[members:]]


def _steps(lineage: Mapping[str, object]) -> list[Mapping[str, Any]]:
    steps = lineage.get("steps")
    return steps if isinstance(steps, list) else []


def _seedless(value: object) -> object:
    if isinstance(value, Mapping):
        return {key: _seedless(each) for key, each in value.items() if key not in _ELSE}
    return [_seedless(each) for each in value] if isinstance(value, list | tuple) else value
