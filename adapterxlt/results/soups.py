"""Which members a greedy soup kept, as far as the store has it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from adapterxlt.results.training import metrics_in
from adapterxlt.store.store import STORE_FOLDER, Store


def soup_of(workdir: Path, fingerprint: str) -> dict[str, bool]:
    """Return for each member of a greedy soup, by its address, whether it was kept.

    {} if the model is no greedy soup, or the store does not have it.
    """
    if not re.fullmatch("[0-9a-f]{64}", fingerprint):
        return {}
    found: Any = metrics_in(Store(workdir / STORE_FOLDER).path(fingerprint))
    try:
        return {str(one["member"]): bool(one["kept"]) for one in found["greedy"]["members"]}
    except (KeyError, TypeError):
        return {}
