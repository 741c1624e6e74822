"""Inputs as people give them, for the examples of a kind: texts, tuples, mappings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

_SHOWN = 40  # characters of a value in a message


class WrongPartsError(ValueError):
    """An input that does not have the parts that its kind needs; `names` are these parts."""

    def __init__(self, names: Sequence[str], value: object) -> None:
        self.names = tuple(names)
        keys = ", ".join(names)
        super().__init__(
            f"must be a tuple ({keys}) or a mapping with these keys, not {shown(value)}"
        )


class MissingPartError(ValueError):
    """A mapping or a row of a table that does not have a key; `name` is the key."""

    def __init__(self, name: str, has: Sequence[object]) -> None:
        self.name = name
        self.has = ", ".join(map(str, has))[:200] or "no keys"
        super().__init__(f"has no `{name}`; it has {self.has}")


def text_of(value: object, name: str = "it") -> str:
    """A text.

    Args:
        name: what it is called in a message.

    Raises:
        ValueError: it is not one, or holds half a character.
    """
    if not isinstance(value, str):
        raise ValueError(f"{name} must be a text, not {shown(value)}")
    try:
        value.encode("utf-8")
    except UnicodeEncodeError as error:
        half = ord(value[error.start])
        raise ValueError(f"{name} holds U+{half:04X}, which is half of a character") from None
    return value


def parts_of(value: object, *parts: Sequence[str]) -> list[object]:
    """The parts of an input: a tuple or list of them, or a mapping with a key of each.

    Args:
        parts: of each the keys that it may have, the first being named in messages.

    Raises:
        ValueError: it is neither, or lacks one.
    """
    names = [part[0] for part in parts]
    if isinstance(value, Mapping):
        return [_part(value, keys) for keys in parts]
    if isinstance(value, tuple | list) and len(value) == len(parts):
        return list(value)
    raise WrongPartsError(names, value)


def one_or_two(
    value: object, first: Sequence[str], second: Sequence[str]
) -> tuple[str, str | None]:
    """A text, or two, as one text or as `parts_of` takes two."""
    if isinstance(value, str):
        return text_of(value), None
    if isinstance(value, Mapping) and all(value.get(key) is None for key in second):
        return text_of(_part(value, first), f"`{first[0]}`"), None
    if not isinstance(value, Mapping | tuple | list):
        raise ValueError(f"must be a text, or a tuple of two texts, not {shown(value)}")
    one, other = parts_of(value, first, second)
    return text_of(one, f"`{first[0]}`"), text_of(other, f"`{second[0]}`")


def texts_of(value: object, name: str) -> tuple[str, ...]:
    """Several texts.

    Raises:
        ValueError: they are not a list or tuple of texts.
    """
    if isinstance(value, str) or not isinstance(value, list | tuple):
        raise ValueError(f"`{name}` must be a list of texts, not {shown(value)}")
    return tuple(text_of(each, f"each of `{name}`") for each in value)


def shown(value: object) -> str:
    """A value in a message, cut."""
    kind = "None" if value is None else type(value).__name__
    if isinstance(value, str | int | float) and not isinstance(value, bool):
        text = repr(value)
        return f"{kind} {text if len(text) <= _SHOWN else f'{text[:_SHOWN]}...'}"
    if isinstance(value, Mapping):
        return f"a mapping with {', '.join(map(str, list(value)[:5])) or 'no keys'}"[:200]
    if isinstance(value, tuple | list):
        return f"a {kind} of {len(value)}"
    return kind if value is None else f"a {kind}"


def _part(value: Mapping[object, object], keys: Sequence[str]) -> object:
    for key in keys:
        if value.get(key) is not None:
            return value[key]
    for key in keys:
        if key in value:
            raise ValueError(f"`{key}` has no value (it is None, or null in JSON)")
    raise MissingPartError(keys[0], list(value)[:8])
