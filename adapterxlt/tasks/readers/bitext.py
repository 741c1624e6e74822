"""Line-aligned translations, one sentence a line (Tatoeba as LASER publishes it)."""

from __future__ import annotations

from adapterxlt.tasks.files import bad, read_lines
from adapterxlt.tasks.find import Found
from adapterxlt.tasks.types import Bitext


def read_bitext_lines(found: Found) -> Bitext:
    """Two files of equally many lines, none of them blank.

    Raises:
        MissingDataError: the files differ in length, or a line is blank.
    """
    sides: dict[str, tuple[str, ...]] = {}
    for role in ("source", "target"):
        path = found.files[role]
        lines = read_lines(path)
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                raise bad(path, number, "a blank line", "each line must hold a sentence")
        sides[role] = tuple(lines)
    source, target = sides["source"], sides["target"]
    if len(source) != len(target):
        raise bad(
            found.files["source"],
            0,
            f"{len(source)} lines, but {found.files['target']} has {len(target)}",
            "line n of both files must be translations of each other",
        )
    return Bitext(found.language, source, target)
