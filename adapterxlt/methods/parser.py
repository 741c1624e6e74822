"""Reads a method as recipes write it: `seq_bn`, `lora[r=4,alpha=8]`, `prefix_tuning|par_bn`."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from adapterxlt.methods.added import added, meaning
from adapterxlt.methods.rules import clash
from adapterxlt.methods.table import METHODS
from adapterxlt.methods.values import accept, as_text, comparable
from adapterxlt.suggest import suggest

MAX_TEXT = 500
LISTED = "adapterxlt list methods"  # the command that hints mention
# Names that older versions of `adapters` and many papers use, and what `adapters` maps them to.
FORMER = {
    "pfeiffer": "seq_bn",
    "houlsby": "double_seq_bn",
    "parallel": "par_bn",
    "scaled_parallel": "scaled_par_bn",
    "pfeiffer+inv": "seq_bn_inv",
    "houlsby+inv": "double_seq_bn_inv",
}
_PART = re.compile(r"\s*([^\[\]|\s]+)\s*(?:\[(.*)\])?\s*", re.DOTALL)
_TOKEN = re.compile(
    r"""(?P<string>'[^'\\]*'|"[^"\\]*")|(?<![\w.])(?P<word>[A-Za-z_][\w-]*)\s*(?P<equals>=)?"""
)
_WORDS = {"true": "True", "false": "False", "null": "None", "none": "None"}


@dataclass(frozen=True)
class Part:
    """One configuration: a name of `METHODS` and the parameters that were given."""

    name: str
    params: Mapping[str, object]

    @property
    def resolved(self) -> dict[str, object]:
        """Return all parameters, with defaults filled in."""
        return {**METHODS[self.name].defaults, **self.params}


@dataclass(frozen=True)
class ParsedMethod:
    """A method: one part, or the several parts of a union."""

    parts: tuple[Part, ...]

    @property
    def is_full(self) -> bool:
        """Whether it trains weights of the backbone itself, or only a head."""
        return METHODS[self.parts[0].name].family == "full"

    @property
    def density(self) -> float | None:
        """The share of the weights that a sparse fine-tune trains; None for all other methods."""
        value = self.parts[0].resolved.get("density")
        return value if isinstance(value, float) else None

    @property
    def is_head(self) -> bool:
        """Whether it trains only a head."""
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
                "["
                + ",".join(f"{key}={as_text(value)}" for key, value in part.params.items())
                + "]"
                if part.params
                else ""
            )
            for part in self.parts
        )


def parse_method(text: str) -> ParsedMethod:
    """Parse `name[key=value,...]`, several of them joined by `|`.

    Values are numbers, true/false/none, words, quoted strings, lists and mappings.

    Raises:
        ValueError: the text cannot be read, or a name or parameter is unknown or wrong. The
            message can be shown to users; it may have a hint after a newline.
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
    """Replace names that packages add by the methods they stand for; keep any other text."""
    return "|".join(_spelled(chunk) for chunk in _split(text))


def _spelled(chunk: str) -> str:
    name, bracket, _ = chunk.strip().partition("[")
    if name in METHODS or name not in added():
        return chunk
    if bracket:
        return str(ParsedMethod(tuple(_parse_chunk(chunk))))
    return meaning(name)


def _split(text: str) -> list[str]:
    """Split at `|` outside brackets (a quoted value may contain one)."""
    chunks, depth, start = [], 0, 0
    for index, character in enumerate(text):
        depth += (character == "[") - (character == "]")
        if character == "|" and depth == 0:
            chunks.append(text[start:index])
            start = index + 1
    return [*chunks, text[start:]]


def _parse_chunk(chunk: str) -> list[Part]:
    """Return the part that a text stands for; there are several if an added method is a union."""
    match = _PART.fullmatch(chunk)
    if match is None:
        raise ValueError(
            f"`{chunk.strip()}` is not a method\nwrite `name` or `name[key=value,...]`"
        )
    name, inside = match.group(1), match.group(2)
    if name in METHODS:
        return [_parse_part(name, inside)]
    if name in FORMER and name not in added():
        raise ValueError(f"unknown method `{name}`\nits name is now `{FORMER[name]}`")
    if name not in added():
        raise ValueError(
            f"unknown method `{name}`\n{suggest(name, [*METHODS, *added()], see=LISTED)}"
        )
    parts = [_parse_part(*_named(text)) for text in _split(meaning(name))]
    if inside is None:
        return parts
    if len(parts) > 1:
        raise ValueError(
            f"`{name}` does not take parameters\nwrite `{meaning(name)}` and change its parameters"
        )
    changed = _parse_part(parts[0].name, inside)
    return [Part(changed.name, {**parts[0].params, **changed.params})]


def _named(text: str) -> tuple[str, str | None]:
    match = _PART.fullmatch(text)
    if match is None or match.group(1) not in METHODS:
        raise ValueError(f"`{text}` is not a method of adapterxlt, but a package adds it as one")
    return match.group(1), match.group(2)


def _parse_part(name: str, inside: str | None) -> Part:
    method = METHODS[name]
    given = _parse_parameters(name, inside) if inside is not None else {}
    if given and not method.parameters:
        way_out = (
            f"\nwrite `{'|'.join(method.parts)}` and change its parameters" if method.parts else ""
        )
        raise ValueError(f"`{name}` does not take parameters{way_out}")
    params: dict[str, object] = {}
    for key, value in given.items():
        parameter = method.parameters.get(key)
        if parameter is None:
            raise ValueError(
                f"`{name}` has no parameter `{key}`\n{suggest(key, method.parameters, see=LISTED)}"
            )
        try:
            params[key] = accept(parameter, value)
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
        raise ValueError(f"a parameter of `{name}` is given twice")
    return dict(values)


def _check_union(parts: Sequence[Part]) -> None:
    """Refuse what `adapters.ConfigUnion.validate` refuses."""
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
                f"`{first.name}` and `{second.name}` use the same places, so they cannot be "
                "combined"
            )


def _canonical(part: Part) -> str:
    """Return everything that tells two configurations apart.

    The name only counts for ReFT, whose variants differ in more than their parameters.
    """
    method = METHODS[part.name]
    name = part.name if method.family == "reft" or not method.parameters else method.family
    values = {key: comparable(key, value) for key, value in part.resolved.items()}
    return json.dumps([name, values], sort_keys=True)
