"""The composition of a stage's model."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from adapterxlt.methods.parser import ParsedMethod
from adapterxlt.recipe.language_adapters import LanguageAdapters
from adapterxlt.recipe.used import Form

MAX_MEMBERS = 32  # of a stack or a fusion, as an artifact's description has them at most
# The keys that say what a model consists of.
COMPOSING = (
    *("train", "method", "after", "stack_on", "fuse", "merge", "ensemble"),
    *("language", "language_adapters"),
)


@dataclass(frozen=True)
class Shape:
    """The parts of a model.

    Args:
        kind: `full` backbone weights, a single `adapter`, a `stack` or a `fusion` of several,
            or an `ensemble` of models.
        methods: of its adapters, the lowest first.
        on_full: whether it stands on fine-tuned backbone weights.
        heads: names of the tasks whose heads it has, one tuple a model; several for a merge
            and for an ensemble.
        headless: why it has no head; "" if it has one.
        depth: how many adapters, or fusions, stand on one another.
        top: what its topmost adapter is known by: the stage that trained it, or a hash of what
            was trained elsewhere; "" for none.
        below: what the adapters below the topmost one are known by, apart from a language
            adapter; "" without any.
        weights: what the fine-tuned weights below its adapters are known by; "" without any.
        fused: whether a fusion is among its adapters.
        speaks: the language adapters that it stands on, the lowest of all; None without any.
    """

    kind: Form
    methods: tuple[ParsedMethod, ...]
    on_full: bool
    heads: tuple[tuple[str, ...], ...]
    headless: str = ""
    depth: int = 1
    top: str = ""
    below: str = ""
    weights: str = ""
    fused: bool = False
    speaks: LanguageAdapters | None = None


ShapeOf = Callable[[str], Shape | None]  # of a stage, by name; None if it is not known
