"""The keys of a `merge` stage."""

from __future__ import annotations

import re
from typing import Annotated, ClassVar, Literal

from pydantic import BeforeValidator, Field

from adapterxlt.methods.arithmetic import Arithmetic, LayerRange, Shares, Sparsify
from adapterxlt.recipe.fields import MAX_SEED, mapping_of
from adapterxlt.recipe.schema import Stage
from adapterxlt.recipe.strict import Strict

# Names of the literature for a consensus and what is kept: `dare` is a sum of random parts.
_SPARSIFIES: dict[str, Sparsify] = {"dare": "random", "breadcrumbs": "breadcrumbs"}
_RANGE = re.compile(r"(\d{1,4})(?:-(\d{1,4}))?")

Weight = Annotated[float, Field(allow_inf_nan=False)]
How = Literal["sum", "average", "ties", "dare", "breadcrumbs", "greedy"]


def _by_name(value: object) -> object:
    return mapping_of(value, "task", "a task")


class DevOf(Strict):
    """The task whose dev split chooses the members of a soup: `{task: xnli, language: en}`."""

    task: str = Field(description="Task whose dev split decides.")
    language: str = Field("en", description="Language of the dev split.")


class MergeStage(Stage):
    """A weighted sum of trained changes: `{merge: [nli, qa], how: ties, density: 0.2}`.

    The members are adapters of one configuration (ranks and alphas of LoRAs may differ), or full
    fine-tunes. Adapters may stand on others and on fine-tuned weights, which must be the same for
    all. For LoRA, (IA)3, ReFT and full fine-tunes, the updates themselves are summed. For
    bottlenecks, prefixes and prompts, which are not linear, their parameters are summed; other ways
    than a sum compare what training changed in them, so all members must have started from the same
    weights (the same `seed`, or the same `init_weights_seed` of the method). Weights are used as
    given and need not sum to one (task arithmetic); the default is equal shares. Heads
    with the same labels are averaged with the same weights, relative to their sum; `head` takes
    the head of one member instead.
    """

    key: ClassVar[str] = "merge"
    merge: list[str] = Field(min_length=2, description="Stages to merge, at least two.")
    weights: list[Weight] | None = Field(
        None, description="Weights of the members, in their order; default: equal shares."
    )
    layers: dict[str, list[Weight]] | None = Field(
        None,
        min_length=1,
        description="Weights for ranges of layers, counted from 0: {0-3: [1, 0], 4-11: [0, 1]}; "
        "`weights` applies to everything else, such as the embeddings.",
    )
    how: How = Field(
        "sum",
        description="How to merge. `sum`: weighted sum; `average`: weighted sum, with weights "
        "divided by their sum; `ties`: for each element, only the members that agree "
        "on its sign; `greedy`: average of the members that improve the score on a "
        "dev split (see `on`); `dare`: sum with `sparsify: random`; `breadcrumbs`: "
        "sum with `sparsify: breadcrumbs`.",
    )
    sparsify: Sparsify | None = Field(
        None,
        description="Which elements of each member's update are kept, tensor by tensor. "
        "`magnitude`: the largest ones (default if `density` is given); `random`: "
        "each with the same probability, rescaled; `breadcrumbs`: the largest ones "
        "except outliers; `none`: all.",
    )
    density: float | None = Field(
        None, ge=0, le=1, description="Share of the elements that are kept."
    )
    outliers: float | None = Field(
        None,
        ge=0,
        le=1,
        description="With breadcrumbs, share of the largest elements that are cut; default: 0.01.",
    )
    rescale: bool | None = Field(
        None,
        description="Divide the kept elements by the density; default: only with sparsify: random.",
    )
    seed: int | None = Field(
        None,
        ge=0,
        le=MAX_SEED,
        description="Seed for sparsify: random; default: the recipe's seed.",
    )
    rank: int | None = Field(
        None,
        gt=0,
        description="Rank of a merged LoRA; a lower rank drops the smallest components of the "
        "sum. Default: the sum of the members' ranks, which keeps a plain sum "
        "exactly.",
    )
    head: str | None = Field(
        None, description="Member whose head is used; default: the average of matching heads."
    )
    on: Annotated[DevOf, BeforeValidator(_by_name)] | None = Field(
        None,
        description="With greedy, the task whose dev split decides: {task: xnli, language: en}.",
    )
    dev_cap: int | None = Field(
        None, gt=0, description="With greedy, maximum number of dev examples (the first ones)."
    )

    @property
    def order(self) -> list[int]:
        """Positions of the members, the one first whose head the merge has."""
        positions = range(len(self.merge))
        return sorted(positions, key=lambda index: self.merge[index] != (self.head or ""))

    @property
    def ranges(self) -> dict[str, LayerRange]:
        """The ranges of layers, by how they are written; without those that cannot be read."""
        found = {}
        for text, weights in (self.layers or {}).items():
            match = _RANGE.fullmatch(text)
            if match is not None and int(match[1]) <= int(match[2] or match[1]):
                last = int(match[2] or match[1])
                found[text] = LayerRange(int(match[1]), last, tuple(weights))
        return found

    @property
    def shares(self) -> Shares:
        """The weights, equal ones if none are given."""
        count = len(self.merge)
        given = tuple(self.weights or (1 / count,) * count)
        ranges = tuple(sorted(self.ranges.values(), key=lambda part: part.first))
        shares = Shares(given, ranges)
        return shares.relative() if self.how == "average" else shares

    @property
    def kept(self) -> Sparsify:
        """Which elements of an update are kept."""
        if self.how in _SPARSIFIES:
            return _SPARSIFIES[self.how]
        return self.sparsify or ("none" if self.density is None else "magnitude")

    def arithmetic(self, seed: int) -> Arithmetic:
        """What is done to the members besides weighing them; `seed` is the recipe's."""
        kept = self.kept
        if kept == "none":
            return Arithmetic("ties" if self.how == "ties" else "sum")
        outliers = 0.01 if self.outliers is None else self.outliers
        return Arithmetic(
            consensus="ties" if self.how == "ties" else "sum",
            sparsify=kept,
            density=1.0 if self.density is None else self.density,
            outliers=outliers if kept == "breadcrumbs" else 0.0,
            rescale=kept == "random" if self.rescale is None else self.rescale,
            seed=(seed if self.seed is None else self.seed) if kept == "random" else 0,
        )

    @property
    def says_how(self) -> str:
        """The key that says what is done to the members besides weighing them."""
        if self.how not in ("sum", "average"):
            return "how"
        return "density" if self.sparsify is None else "sparsify"
