"""Checks whether a method fits a backbone. No torch."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from importlib.metadata import version
from typing import Any

from packaging.version import Version

from adapterxlt.methods.parser import Part, parse_method
from adapterxlt.methods.table import METHODS


def check_method(
    text: str,
    hidden_size: int,
    layers: int | None = None,
    cannot: Mapping[str, str] | None = None,
) -> list[str]:
    """Return the problems of a method on a backbone.

    Args:
        hidden_size: width of the backbone.
        layers: number of layers of the backbone; None leaves layer numbers unchecked.
        cannot: what does not work on its architecture -> why. A key may be a family of methods
            (`prefix`), a method (`dora`), a parameter that is set (`use_dora`), or a value
            (`ln_before=true`).
    """
    try:
        method = parse_method(text)
    except ValueError as error:
        return [str(error)]
    return [
        problem
        for part in method.flat()
        for problem in (
            *_check_library(part),
            *_check_carried(part, cannot or {}),
            *_check_sizes(part, hidden_size),
            *_check_layers(part, layers),
        )
    ]


def _check_carried(part: Part, cannot: Mapping[str, str]) -> Iterable[str]:
    values = part.resolved
    for what, reason in cannot.items():
        key, given, value = what.partition("=")
        if given:
            meant = key in values and str(values[key]).lower() == value
        else:
            meant = what in (part.name, METHODS[part.name].family) or bool(values.get(what))
        if meant:
            yield (
                f"`{part.name}` does not work on this backbone: {reason}\nchoose another method "
                "or another backbone"
            )
            return


def _check_library(part: Part) -> Iterable[str]:
    if problem := too_old(f"`{part.name}`", METHODS[part.name].since):
        yield problem


def too_old(what: str, since: str | None) -> str | None:
    """Return the problem if something needs a newer version of `adapters`."""
    if not since or Version(_installed()) >= Version(since):
        return None
    return (
        f"{what} needs adapters {since} or newer, but {_installed()} is installed\n"
        "pip install -U adapters"
    )


@cache
def _installed() -> str:
    return version("adapters")


def _check_sizes(part: Part, hidden_size: int) -> Iterable[str]:
    values = part.resolved
    if values.get("phm_layer"):
        dim, reduction = values["phm_dim"], values["reduction_factor"]
        assert isinstance(dim, int)
        factors: set[Any] = set(reduction.values() if isinstance(reduction, dict) else [reduction])
        # `adapters` cuts the quotient down to a whole number, at least 1.
        widths = {max(1, int(hidden_size // factor)) for factor in factors}
        for width in sorted({hidden_size, *widths}):
            if width % dim:
                what = "hidden size" if width == hidden_size else "bottleneck width"
                yield (
                    f"`{part.name}`: the {what} {width} cannot be divided by phm_dim={dim}\n"
                    f"choose reduction_factor and phm_dim so that phm_dim divides {hidden_size} "
                    f"and {hidden_size} / reduction_factor"
                )
    rank = values.get("r")
    if isinstance(rank, int) and rank > hidden_size:
        yield f"`{part.name}`: rank r={rank} is above the hidden size {hidden_size}"


def _check_layers(part: Part, layers: int | None) -> Iterable[str]:
    if layers is None:
        return
    for key in ("leave_out", "layers"):
        numbers = part.resolved.get(key)
        for number in numbers if isinstance(numbers, list) else ():
            if not -layers <= number < layers:
                yield (
                    f"`{part.name}[{key}]`: there is no layer {number}\n"
                    f"the backbone has layers 0 to {layers - 1}"
                )
    frozen = part.resolved.get("freeze")
    if isinstance(frozen, int) and frozen >= layers:
        yield (
            f"`{part.name}[freeze]` would freeze all {layers} layers of the backbone\nfreeze at "
            f"most {layers - 1}, or use `method: head`, which trains only the head"
        )
    left_out = part.resolved.get("leave_out")
    if isinstance(left_out, list) and set(range(layers)) <= {n % layers for n in left_out}:
        yield f"`{part.name}[leave_out]` leaves out every layer"
