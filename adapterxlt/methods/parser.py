"""Reads a method as recipes write it: `seq_bn`, `lora[r=4,alpha=8]`, `prefix_tuning|par_bn`."""

from __future__ import annotations

import ast
import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from adapterxlt.methods.added import added, meaning
from adapterxlt.methods.rules import clash
from adapterxlt.methods.table import METHODS, Parameter
from adapterxlt.suggest import suggest

MAX_TEXT = 500
_PART = re.compile(r"\s*([^\[\]|\s]+)\s*(?:\[(.*)\])?\s*", re.DOTALL)
_TOKEN = re.compile(
    r"""(?P<string>'[^'\\]*'|"[^"\\]*")|(?<![\w.])(?P<word>[A-Za-z_][\w-]*)\s*(?P<equals>=)?"""
)
_SETS = ("attn_matrices", "leave_out", "layers")  # lists whose order means nothing
_WORDS = {"true": "True", "false": "False", "null": "None", "none": "None"}


@dataclass(frozen=True)
class Part:
    """One configuration: a name of `METHODS` and the parameters that were given."""

    name: str
    params: Mapping[str, object]

    @property
    def resolved(self) -> dict[str, object]:
        """All parameters, defaults filled in."""
        return {**METHODS[self.name].defaults, **self.params}


@dataclass(frozen=True)
class ParsedMethod:
    """A method: one part, or the several parts of a union."""

    parts: tuple[Part, ...]

    @property
    def is_full(self) -> bool:
        """Whether it trains weights of the backbone itself, or nothing but a head."""
        return METHODS[self.parts[0].name].family == "full"

    @property
    def density(self) -> float | None:
        """Of a sparse fine-tune, the share of the weights that it trains; None of all others."""
        value = self.parts[0].resolved.get("density")
        return value if isinstance(value, float) else None

    @property
    def is_head(self) -> bool:
        """Whether it trains nothing but a head."""
        return self.parts[0].name == "head"

    @property
    def names(self) -> tuple[str, ...]:
        """The names as written."""
        return tuple(part.name for part in self.parts)

    def flat(self) -> tuple[Part, ...]:
        """The parts, with `mam` and `unipelt` replaced by what they stand for."""
        found: list[Part] = []
        for part in self.parts:
            inner = METHODS[part.name].parts
            found.extend(parse_method("|".join(inner)).parts if inner else (part,))
        return tuple(found)

    @property
    def invertible(self) -> bool:
        """Whether it has an invertible adapter on the embeddings (MAD-X)."""
        return any(part.resolved.get("inv_adapter") for part in self.flat())

    def same_config(self, other: ParsedMethod) -> bool:
        """Whether both mean the same configuration, however they are written."""
        return [_canonical(part) for part in self.flat()] == [
            _canonical(part) for part in other.flat()
        ]

    def __str__(self) -> str:
        return "|".join(
            part.name
            + (
                "[" + ",".join(f"{key}={_text(value)}" for key, value in part.params.items()) + "]"
                if part.params
                else ""
            )
            for part in self.parts
        )


def parse_method(text: str) -> ParsedMethod:
    """Parse `name[key=value,...]`, several of them joined by `|`.

    Values are numbers, true/false/none, words, quoted strings, lists and mappings.

    Raises:
        ValueError: the text cannot be read, or a name or parameter is not known or not right.
            The message is fit for a user; it may hold a hint after a newline.
    """
    if len(text) > MAX_TEXT:
        raise ValueError(f"a method has at most {MAX_TEXT} characters")
    parts = tuple(part for chunk in _split(text) for part in _parse_chunk(chunk))
    if len(parts) > 1:
        for part in parts:
            if METHODS[part.name].family in ("full", "union"):
                raise ValueError(f"`{part.name}` cannot be part of a union")
        _check_union(parts)
    return ParsedMethod(parts)


def without_added(text: str) -> str:
    """The text of a method with what packages add spelled out; any other text stays as it is."""
    return "|".join(_spelled(chunk) for chunk in _split(text))


def _spelled(chunk: str) -> str:
    name, bracket, _ = chunk.strip().partition("[")
    if name in METHODS or name not in added():
        return chunk
    if bracket:
        return str(ParsedMethod(tuple(_parse_chunk(chunk))))
    return meaning(name)


def _split(text: str) -> list[str]:
    """Split at `|` outside brackets (a quoted value may hold one)."""
    chunks, depth, start = [], 0, 0
    for index, character in enumerate(text):
        depth += (character == "[") - (character == "]")
        if character == "|" and depth == 0:
            chunks.append(text[start:index])
            start = index + 1
    return [*chunks, text[start:]]


def _parse_chunk(chunk: str) -> list[Part]:
    """The part that a text stands for; several where an added method is a union."""
    match = _PART.fullmatch(chunk)
    if match is None:
        raise ValueError(
            f"`{chunk.strip()}` is not a method\nwrite `name` or `name[key=value,...]`"
        )
    name, inside = match.group(1), match.group(2)
    if name in METHODS:
        return [_parse_part(name, inside)]
    if name not in added():
        raise ValueError(f"unknown method `{name}`\n{suggest(name, [*METHODS, *added()])}")
    parts = [_parse_part(*_named(text)) for text in _split(meaning(name))]
    if inside is None:
        return parts
    if len(parts) > 1:
        raise ValueError(f"`{name}` takes no parameters\nwrite `{meaning(name)}` and change that")
    changed = _parse_part(parts[0].name, inside)
    return [Part(changed.name, {**parts[0].params, **changed.params})]


def _named(text: str) -> tuple[str, str | None]:
    match = _PART.fullmatch(text)
    if match is None or match.group(1) not in METHODS:
        raise ValueError(f"`{text}` is not a method of adapterxlt, and a package adds it as one")
    return match.group(1), match.group(2)


def _parse_part(name: str, inside: str | None) -> Part:
    method = METHODS[name]
    given = _parse_parameters(name, inside) if inside is not None else {}
    if given and not method.parameters:
        way_out = f"\nwrite `{'|'.join(method.parts)}` and change that" if method.parts else ""
        raise ValueError(f"`{name}` takes no parameters{way_out}")
    params: dict[str, object] = {}
    for key, value in given.items():
        parameter = method.parameters.get(key)
        if parameter is None:
            raise ValueError(
                f"`{name}` has no parameter `{key}`\n{suggest(key, method.parameters, show=40)}"
            )
        try:
            params[key] = _accept(parameter, value)
        except ValueError as error:
            raise ValueError(f"`{name}[{key}]` {error}") from None
    part = Part(name, params)
    if given and (reason := clash(method.family, part.resolved)):
        raise ValueError(f"`{name}` {reason}")
    return part


def _parse_parameters(name: str, inside: str) -> dict[str, object]:
    """Read the text between the brackets; words need no quotes."""

    def python(match: re.Match[str]) -> str:
        word = match.group("word")
        if word is None:
            return match.group()
        if match.group("equals"):
            return f"{word!r}:"
        return _WORDS.get(word.lower(), repr(word))

    problem = ValueError(
        f"cannot read the parameters of `{name}`: `{inside}`\nwrite `{name}[key=value,...]`"
    )
    try:
        tree = ast.parse("{" + _TOKEN.sub(python, inside) + "}", mode="eval").body
        values = ast.literal_eval(tree)
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
        raise problem from None
    if not isinstance(tree, ast.Dict) or not all(isinstance(key, str) for key in values):
        raise problem
    if len(tree.keys) != len(values):
        raise ValueError(f"`{name}` has a parameter that is given twice")
    return dict(values)


def _accept(parameter: Parameter, value: object) -> object:
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
            raise ValueError("must be a list of layer numbers, the first being 0")
        case "matrices":
            if isinstance(value, list) and value and set(map(str, value)) <= {"q", "k", "v"}:
                return value
            raise ValueError("must be a list out of q, k, v")
        case "choice":
            for choice in parameter.choices:
                if type(choice) is type(value) and choice == value:
                    return value
            raise ValueError("must be " + " or ".join(f"`{_text(c)}`" for c in parameter.choices))


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


def _check_union(parts: Sequence[Part]) -> None:
    """What `adapters.ConfigUnion.validate` refuses."""
    for index, first in enumerate(parts):
        for second in parts[index + 1 :]:
            a, b = first.resolved, second.resolved
            if a.get("architecture") != b.get("architecture"):
                continue
            if a.get("leave_out") or b.get("leave_out"):
                continue
            if "architecture" not in a and all(
                a[place] != b[place] for place in ("mh_adapter", "output_adapter")
            ):
                continue
            raise ValueError(
                f"`{first.name}` and `{second.name}` sit in the same places and cannot be united"
            )


def _canonical(part: Part) -> str:
    """Everything that tells two configurations apart; the name counts only for ReFT,
    whose variants differ in more than their parameters."""
    method = METHODS[part.name]
    name = part.name if method.family == "reft" or not method.parameters else method.family
    values = {key: comparable(key, value) for key, value in part.resolved.items()}
    return json.dumps([name, values], sort_keys=True)


def comparable(key: str, value: object) -> object:
    """A parameter's value, the same for all that mean the same."""
    if key in _SETS and isinstance(value, list):
        return sorted(set(value))
    return float(value) if type(value) is int else value


def _text(value: object) -> str:
    """A parameter value in the notation of recipes."""
    if value is None or isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return "[" + ",".join(map(_text, value)) + "]"
    if isinstance(value, dict):
        return "{" + ",".join(f"{_text(k)}:{_text(v)}" for k, v in value.items()) + "}"
    return f"'{value}'" if isinstance(value, str) and value[:1].isdecimal() else str(value)
