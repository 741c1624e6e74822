"""One measured number and everything it came from."""

from __future__ import annotations

from dataclasses import asdict, dataclass

RESULTS_NAME = "results.json"
RESULTS_SCHEMA = 1


@dataclass(frozen=True, slots=True)
class Row:
    """A row of `results.json`.

    Args:
        recipe: name of the recipe.
        stage: the evaluate or retrieve stage that measured it.
        model: the trained stage that was measured; `none` is the bare backbone.
        task: name of the task.
        language: language of the examples, as the task calls it.
        split: split of the examples.
        data: names of the data folders that the recipe reads (`pocket`, `hub`, a folder's own).
        metric: name of the metric.
        main: whether it is the task's main metric.
        value: percent (0 to 100) unless the metric's name says otherwise.
        n: number of examples (or sentences, or gold pairs) behind the value.
        seed: seed of the measured model.
        protocol: name of the protocol, with the layer for retrieval.
        layer: hidden layer the vectors came from (0 = embeddings), None outside retrieval.
        trained_in: languages of the labelled data that the model was trained on, its lineage
            included; a language that is not among them is zero-shot.
        lineage: chain from the backbone to the model, readable.
        fingerprint: store fingerprint of the measured model ("" for the bare backbone).
        contamination: texts of this evaluation seen in the lineage, "" when none is known.
        baseline: name of the model this one is compared with, "" for the baseline itself.
        caps: "train 2000, evaluate 200" when examples were capped, else "".
        pooling: how the vectors of that layer were pooled, where the recipe lists poolings; None
            where it leaves them to the protocol.
        recipe_id: short hash of what the recipe computes (its steps, seed and data): recipes of
            one name that differ, and seeds of one recipe, are told apart by it.
        cell: store address of the measurement.
        setup: short hash of all that the measurement comes from but its seeds: rows of several
            seeds go together that have the same.
        equivalence: within how many points of the baseline the recipe takes models as equal, None
            where it does not say; then the key is left out of the file.
        shot_seed: the seed that the shots were drawn by which the measured model was trained on
            last; None without shots, then the key is left out of the file.
        language_adapter: of a model on language adapters, the language whose adapter it was
            measured with: its own, or another's where it has none, or `none`. None, and left out
            of the file, where the model stands on none.
        precision: what it was computed in, where the stage says anything of it; else None, and
            left out of the file.

    `recipe_id`, `cell` and `setup` are empty in results from before they were recorded.
    """

    recipe: str
    stage: str
    model: str
    task: str
    language: str
    split: str
    data: str
    metric: str
    main: bool
    value: float
    n: int
    seed: int
    protocol: str
    layer: int | None
    trained_in: tuple[str, ...]
    lineage: str
    fingerprint: str
    contamination: str
    baseline: str
    caps: str
    pooling: str | None = None
    recipe_id: str = ""
    cell: str = ""
    setup: str = ""
    equivalence: float | None = None
    shot_seed: int | None = None
    language_adapter: str | None = None
    precision: str | None = None

    @property
    def borrows(self) -> bool:
        """Whether its model stands on language adapters, of which the language has none."""
        return self.language_adapter not in (None, self.language)

    def as_dict(self) -> dict[str, object]:
        """The row as plain JSON data."""
        found = asdict(self) | {"trained_in": list(self.trained_in)}
        for key in ("equivalence", "shot_seed", "language_adapter", "precision"):
            if found[key] is None:
                del found[key]
        return found
