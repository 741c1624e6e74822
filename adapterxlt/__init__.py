"""adapterxlt: modular cross-lingual transfer with adapters, from one recipe.

    import adapterxlt as xlt

    results = xlt.run("quickstart", workdir="runs")
    model = xlt.load("runs:nli")
    model.predict(("A man is asleep.", "A man is awake."))

What is listed in `__all__` is public: it changes with a new major version only. A name is imported
when it is first used, so that this package itself is imported at once.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

__version__ = "0.1.0"

if TYPE_CHECKING:
    from adapterxlt import errors
    from adapterxlt.applying.load import load
    from adapterxlt.applying.model import Model
    from adapterxlt.kinds.answers import (
        Answer,
        Entity,
        PredictedChoice,
        PredictedLabel,
        PredictedLabels,
        PredictedOther,
        PredictedSpan,
        PredictedTags,
        PredictedValue,
    )

__all__ = [
    "Answer",
    "Entity",
    "Model",
    "PredictedChoice",
    "PredictedLabel",
    "PredictedLabels",
    "PredictedOther",
    "PredictedSpan",
    "PredictedTags",
    "PredictedValue",
    "__version__",
    "errors",
    "load",
]

_ANSWERS = "adapterxlt.kinds.answers"
_PLACES = {
    "Answer": _ANSWERS,
    "Entity": _ANSWERS,
    "Model": "adapterxlt.applying.model",
    "PredictedChoice": _ANSWERS,
    "PredictedLabel": _ANSWERS,
    "PredictedLabels": _ANSWERS,
    "PredictedOther": _ANSWERS,
    "PredictedSpan": _ANSWERS,
    "PredictedTags": _ANSWERS,
    "PredictedValue": _ANSWERS,
    "load": "adapterxlt.applying.load",
}


def __getattr__(name: str) -> object:
    if name == "errors":
        return importlib.import_module("adapterxlt.errors")
    if name not in _PLACES:
        raise AttributeError(f"module `adapterxlt` has no attribute `{name}`")
    found = getattr(importlib.import_module(_PLACES[name]), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted(__all__)
