"""Why a step must be redone: the first difference that a user can act on."""

from __future__ import annotations

from collections.abc import Mapping


def explain(
    then: Mapping[str, object] | None,
    now: Mapping[str, object],
    input_names: tuple[str, ...],
) -> str:
    """Say in one line what changed between two sets of fingerprint parts.

    Args:
        then: parts of the step of this name when the recipe was last run, None if never.
        now: parts now.
        input_names: ids of its inputs, to name the one that changed.
    """
    if then is None:
        return "never run"
    changes: list[str] = []
    if then.get("kind") != now["kind"]:
        changes.append(f"was a {then.get('kind')} stage, is a {now['kind']} stage")
    if then.get("version") != now["version"]:
        changes.append(f"the version of adapterxlt's {now['kind']} step is now {now['version']}")
    if then.get("backbone") != now["backbone"]:
        changes.append("the content of the backbone changed")
    changes += _changed_params(_mapping(then.get("params")), _mapping(now["params"]))
    if then.get("data") != now["data"]:
        changes.append("the data changed")
    changes += _changed_inputs(_list(then.get("inputs")), _list(now["inputs"]), input_names)
    return "; ".join(changes) or "not in the store"


def _changed_params(then: Mapping[str, object], now: Mapping[str, object]) -> list[str]:
    return [
        f"{key}: {then.get(key, 'unset')} -> {now.get(key, 'unset')}"
        for key in sorted({*then, *now})
        if then.get(key) != now.get(key)
    ]


def _changed_inputs(then: list[object], now: list[object], names: tuple[str, ...]) -> list[str]:
    if len(then) != len(now):
        return [f"{len(then)} inputs before, {len(now)} now"]
    changed = [name for name, new in zip(names, now, strict=True) if new not in then]
    changed = changed or [
        name for name, old, new in zip(names, then, now, strict=True) if old != new
    ]
    return [f"input {name} changed" for name in changed]


def _mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, Mapping) else {}


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []
