"""What a `merge` stage may say."""

from __future__ import annotations

import re
from typing import Annotated, ClassVar, Literal

from pydantic import BeforeValidator, Field

from adapterxlt.methods.arithmetic import Arithmetic, LayerRange, Shares, Sparsify
from adapterxlt.recipe.schema import Stage
from adapterxlt.recipe.strict import Strict

# Names of the literature for a consensus and what is kept: `dare` is a sum of random parts.
_SPARSIFIES: dict[str, Sparsify] = {"dare": "random", "breadcrumbs": "breadcrumbs"}
_RANGE = re.compile(r"(\d{1,4})(?:-(\d{1,4}))?")

Weight = Annotated[float, Field(allow_inf_nan=False)]
How = Literal["sum", "average", "ties", "dare", "breadcrumbs", "greedy"]


def _by_name(value: object) -> object:
    return {"task": value} if isinstance(value, str) else value


class DevOf(Strict):
    """Whose dev split the members of a greedy soup are chosen on: `{task: xnli, language: en}`."""

    task: str = Field(description="The task whose dev split tells.")
    language: str = Field("en", description="The language of that split.")


class MergeStage(Stage):
    """What models changed, weighed and summed: `{merge: [nli, qa], how: ties, density: 0.2}`.

    Adapters of one configuration (ranks and alphas of LoRAs may differ), or full fine-tunes. What
    a LoRA, an (IA)3, a ReFT or a full fine-tune does is weighed exactly; bottlenecks, prefixes and
    prompts are not linear, so their weights are. Weights are used as given (they need not sum to
    one: task arithmetic); default: equal shares. Heads with the same labels are averaged by the
    same weights, relative to their sum, or are those of one member (`head`).
    """

    key: ClassVar[str] = "merge"
    merge: list[str] = Field(min_length=2, description="The stages that are merged, at least two.")
    weights: list[Weight] | None = Field(
        None, description="How much each member counts, in their order; default: equal shares."
    )
    layers: dict[str, list[Weight]] | None = Field(
        None,
        min_length=1,
        description="other weights in ranges of layers, counted from 0: {0-3: [1, 0], 4-11: [0, 1]}"
        "; `weights` are those of all else, the embeddings for example",
    )
    how: How = Field(
        "sum",
        description="sum: by the weights; average: by them relative to their sum; ties: of each "
        "element only the members that agree on its sign; greedy: the average of those members "
        "that help on a dev split (see on); dare, breadcrumbs: a sum with sparsify: random, "
        "breadcrumbs",
    )
    sparsify: Sparsify | None = Field(
        None,
        description="what is kept of each member's update, tensor by tensor: magnitude: the "
        "largest elements (the default where there is a density); random: each with the same "
        "chance, rescaled; breadcrumbs: the largest, but for the outliers; none",
    )
    density: float | None = Field(None, ge=0, le=1, description="share of elements that is kept")
    outliers: float | None = Field(
        None,
        ge=0,
        le=1,
        description="with breadcrumbs, share of the largest ones cut; default 0.01",
    )
    rescale: bool | None = Field(
        None, description="divide what is kept by the density; default: of a random part only"
    )
    seed: int | None = Field(None, ge=0, description="of a random part; default: the recipe's")
    rank: int | None = Field(
        None,
        gt=0,
        description="rank of a merged LoRA, which loses the smallest parts of the sum; default: "
        "the sum of its members' ranks, which loses nothing of a plain sum",
    )
    head: str | None = Field(
        None, description="the member whose head the merge has; default: the mean of like ones"
    )
    on: Annotated[DevOf, BeforeValidator(_by_name)] | None = Field(
        None, description="with greedy, the task whose dev split tells: {task: xnli, language: en}"
    )
    dev_cap: int | None = Field(
        None, gt=0, description="with greedy, dev examples at most (the first ones)"
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
        """What is done to the members beside weighing them; `seed` is the recipe's."""
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
        """The key that says what is done to the members beside weighing them."""
        if self.how not in ("sum", "average"):
            return "how"
        return "density" if self.sparsify is None else "sparsify"
