"""Says which members greedy soups kept, as one that kept a single member is that member."""

from __future__ import annotations

from collections.abc import Iterable

from adapterxlt.report.read import Run
from adapterxlt.results.soups import soup_of


def soups(runs: Iterable[Run]) -> list[str]:
    """Return a sentence on each greedy soup of some runs."""
    said: dict[str, None] = {}
    for run in runs:
        names = {row.fingerprint: row.model for row in run.rows}
        for fingerprint, name in names.items():
            members = soup_of(run.workdir, fingerprint)
            kept = [member for member, is_kept in members.items() if is_kept]
            if not members:
                continue
            known = [names.get(member, member[:12]) for member in kept]
            text = f"{name}: the greedy soup kept {len(kept)} of {len(members)} members"
            same = ", so it is this model itself" if len(kept) == 1 else ""
            said[f"{text} ({', '.join(known)}){same}"] = None
    return list(said)
