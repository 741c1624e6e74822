"""Words errors about a pattern that stands for all splits as the user wrote it, and only once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic_core import ErrorDetails

from adapterxlt.tasks.short_form import SPLIT, SPLITS


def about_patterns(details: Iterable[ErrorDetails], entry: Mapping[str, Any]) -> list[ErrorDetails]:
    """Return pydantic's errors with one error for each pattern that is written as one text.

    Files by role without any split have one error too.

    Args:
        entry: as it is written; the errors are about one in which each split has its pattern.
    """
    files = entry.get("files")
    roles = isinstance(files, Mapping) and not {*files} & {*SPLITS}
    if roles and "splits" not in entry:  # each role was taken for a split
        message = (
            f"does not name any split; write `{SPLIT}` into the paths, or give each split its own "
            "files, such as `{test: {source: PATH, target: PATH}}`"
        )
        other = [detail for detail in details if detail["loc"][:1] != ("splits",)]
        about: ErrorDetails = {
            "type": "value_error", "loc": ("files",), "msg": message, "input": files
        }  # fmt: skip
        return [*other, about]
    kept: list[ErrorDetails] = []
    told: set[tuple[int | str, ...]] = set()
    unsplit = False
    for detail in details:
        loc = detail["loc"]
        place = loc[: loc.index("files") + 1] if "files" in loc else ()
        pattern = _at(entry, place)
        if place and isinstance(pattern, str):
            if place in told:
                continue
            told.add(place)
            unsplit = unsplit or SPLIT not in pattern
            detail = _whole(detail, place, pattern)
        kept.append(detail)
    # The splits follow from the files.
    return [detail for detail in kept if not (unsplit and detail["loc"] == ("splits",))]


def _at(entry: object, place: Iterable[int | str]) -> object:
    found = entry
    for key in place:
        try:
            found = found[key]  # type: ignore[index]
        except (KeyError, IndexError, TypeError):
            return None
    return found


def _whole(detail: ErrorDetails, place: tuple[int | str, ...], pattern: str) -> ErrorDetails:
    if SPLIT not in pattern:
        message = (
            f"`{pattern}` does not contain `{SPLIT}`; write it in place of the name of the split, "
            "or give each split its own files, such as `{train: PATH, test: PATH}`"
        )
    else:
        message = detail["msg"].replace(f"`{detail['input']}`", f"`{pattern}`")
    return {**detail, "type": "value_error", "loc": place, "msg": message}
