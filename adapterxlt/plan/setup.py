"""The origin of a result without its seeds, by which results of several seeds are combined."""

from __future__ import annotations

from collections.abc import Mapping

from adapterxlt.store.files import address_of

_SEEDS = ("seed", "shot_seed")


def setup_of(lineage: Mapping[str, object]) -> str:
    """A short hash of a lineage: what was done to which data, on which backbone.

    Args:
        lineage: as `plan.lineage.lineage_of` returns it and manifests hold it.
    """
    steps = lineage.get("steps")
    known: dict[object, str] = {}
    last = ""
    for step in steps if isinstance(steps, list) else []:  # inputs first
        last = address_of(
            {
                "kind": step["kind"],
                "params": _seedless(step.get("params", {})),
                "data": step.get("data", ""),
                "inputs": [known.get(needed, needed) for needed in step.get("inputs", [])],
            }
        )
        known[step["fingerprint"]] = last
    backbone = lineage.get("backbone")
    base = backbone["hash"] if isinstance(backbone, Mapping) else ""
    return address_of({"backbone": base, "last": last})[:16]


def _seedless(value: object) -> object:
    if isinstance(value, Mapping):
        return {key: _seedless(each) for key, each in value.items() if key not in _SEEDS}
    return [_seedless(each) for each in value] if isinstance(value, list | tuple) else value
