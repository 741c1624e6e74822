"""Checks values of method parameters, compares them, and writes them as text."""

from __future__ import annotations

import math

from adapterxlt.methods.table import Parameter

_SETS = ("attn_matrices", "leave_out", "layers")  # lists whose order does not matter


def accept(parameter: Parameter, value: object) -> object:
    """Return `value` in the type `adapters` wants; ValueError ("must be ...") if it is wrong."""
    if value is None and parameter.optional:
        return None
    match parameter.rule:
        case "flag":
            if isinstance(value, bool):
                return value
            raise ValueError("must be true or false")
        case "integer":
            if isinstance(value, int) and not isinstance(value, bool):
                return _bounded(parameter, value)
            raise ValueError("must be a whole number")
        case "number":
            return _bounded(parameter, _number(value))
        case "scaling":
            # `adapters` takes a float only: `scaling=4` fails there, so it becomes 4.0.
            if value in ("learned", "channel"):
                return value
            if isinstance(value, str):
                raise ValueError("must be a number, `learned` or `channel`")
            return _bounded(parameter, _number(value))
        case "reduction":
            if not isinstance(value, dict):
                return _bounded(parameter, _number(value))
            for key in value:
                if key != "default" and not str(key).isdecimal():
                    raise ValueError("must map layer numbers and `default` to numbers")
            if "default" not in value:
                raise ValueError("must have a `default` for the layers it does not name")
            return {str(key): _bounded(parameter, _number(v)) for key, v in value.items()}
        case "layers":
            if value == "all" == parameter.default:
                return value
            if isinstance(value, list) and all(type(v) is int and v >= 0 for v in value):
                return value
            raise ValueError("must be a list of layer numbers, where 0 is the first")
        case "any_layers":
            if isinstance(value, list) and all(type(v) is int for v in value):
                return value
            raise ValueError("must be a list of layer numbers: 0 is the first, -1 the last")
        case "matrices":
            if isinstance(value, list) and value and set(map(str, value)) <= {"q", "k", "v"}:
                return value
            raise ValueError("must be a list of q, k or v")
        case "choice":
            for choice in parameter.choices:
                if type(choice) is type(value) and choice == value:
                    return value
            raise ValueError("must be " + " or ".join(f"`{as_text(c)}`" for c in parameter.choices))


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ValueError("must be a number")
    number = float(value) if abs(value) < 1e30 else math.inf
    if not math.isfinite(number):
        raise ValueError("must be a finite number")
    return number


def _bounded(parameter: Parameter, value: float) -> float:
    if parameter.low is not None and value < parameter.low:
        raise ValueError(f"must be at least {parameter.low:g}")
    if parameter.above is not None and value <= parameter.above:
        raise ValueError(f"must be above {parameter.above:g}")
    if parameter.high is not None and value > parameter.high:
        raise ValueError(f"must be at most {parameter.high:g}")
    return value


def comparable(key: str, value: object) -> object:
    """Return one form of a parameter's value for all values that mean the same."""
    if key in _SETS and isinstance(value, list):
        return sorted(set(value))
    return float(value) if type(value) is int else value


def as_text(value: object) -> str:
    """Write a parameter value in the notation of recipes."""
    if value is None or isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return "[" + ",".join(map(as_text, value)) + "]"
    if isinstance(value, dict):
        return "{" + ",".join(f"{as_text(k)}:{as_text(v)}" for k, v in value.items()) + "}"
    return f"'{value}'" if isinstance(value, str) and value[:1].isdecimal() else str(value)
