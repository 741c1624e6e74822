"""adapterxlt: modular cross-lingual transfer with adapters, from one recipe.

    import adapterxlt as xlt

    results = xlt.run("quickstart", workdir="runs")
    model = xlt.load("runs:nli")
    model.predict(("A man is asleep.", "A man is awake."))

The names in `__all__` are public and only change with a new major version. A name is imported when
it is used for the first time, so importing this package is fast.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

__version__ = "0.2.0"

if TYPE_CHECKING:
    from adapterxlt import errors
    from adapterxlt.api.compare import Comparisons, compare
    from adapterxlt.api.mine import MinedPair, mine
    from adapterxlt.api.recipes import run, validate
    from adapterxlt.api.results import Results
    from adapterxlt.api.score import score
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
    from adapterxlt.recipe.load import LoadedRecipe as Recipe
    from adapterxlt.report.comparisons import Comparison
    from adapterxlt.results.rows import Row
    from adapterxlt.tasks import tasks

__all__ = [
    "Answer",
    "Comparison",
    "Comparisons",
    "Entity",
    "MinedPair",
    "Model",
    "PredictedChoice",
    "PredictedLabel",
    "PredictedLabels",
    "PredictedOther",
    "PredictedSpan",
    "PredictedTags",
    "PredictedValue",
    "Recipe",
    "Results",
    "Row",
    "__version__",
    "compare",
    "errors",
    "load",
    "mine",
    "run",
    "score",
    "tasks",
    "validate",
]

_ANSWERS = "adapterxlt.kinds.answers"
_PLACES = {
    "Answer": _ANSWERS,
    "Comparison": "adapterxlt.report.comparisons",
    "Comparisons": "adapterxlt.api.compare",
    "Entity": _ANSWERS,
    "Model": "adapterxlt.applying.model",
    "PredictedChoice": _ANSWERS,
    "PredictedLabel": _ANSWERS,
    "PredictedLabels": _ANSWERS,
    "PredictedOther": _ANSWERS,
    "PredictedSpan": _ANSWERS,
    "PredictedTags": _ANSWERS,
    "PredictedValue": _ANSWERS,
    "MinedPair": "adapterxlt.api.mine",
    "Results": "adapterxlt.api.results",
    "Row": "adapterxlt.results.rows",
    "compare": "adapterxlt.api.compare",
    "load": "adapterxlt.applying.load",
    "mine": "adapterxlt.api.mine",
    "run": "adapterxlt.api.recipes",
    "score": "adapterxlt.api.score",
    "validate": "adapterxlt.api.recipes",
}


def __getattr__(name: str) -> object:
    if name in ("errors", "tasks"):
        return importlib.import_module(f"adapterxlt.{name}")
    if name == "Recipe":
        found = importlib.import_module("adapterxlt.recipe.load").LoadedRecipe
    elif name in _PLACES:
        found = getattr(importlib.import_module(_PLACES[name]), name)
    else:
        raise AttributeError(f"module `adapterxlt` has no attribute `{name}`")
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted(__all__)
