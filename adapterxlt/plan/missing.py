"""Missing data as one error that names the stages that need them. No torch."""

from __future__ import annotations

from collections.abc import Iterable

from adapterxlt.errors import MissingDataError
from adapterxlt.suggest import few


def missing_data(
    problems: Iterable[tuple[str, MissingDataError]], *, most: int | None = None
) -> MissingDataError | None:
    """One error for all problems; None if there are none.

    Args:
        most: how many are told in full; None for all.
        problems: what is wrong, each with the stage that needs it. Several stages may need the same
            file.
    """
    stages: dict[str, dict[str, None]] = {}
    for stage, error in problems:
        stages.setdefault(str(error), {})[f"`{stage}`"] = None
    told = [
        f"stage{'s' * (len(named) > 1)} {few(named)}: {message}"
        for message, named in stages.items()
    ]
    if not told:
        return None
    if most is not None and len(told) > most:
        rest = f"… and {len(told) - most} more; see `adapterxlt doctor --data DIR`"
        told = [*told[:most], rest]
    return MissingDataError("\n".join(told))
