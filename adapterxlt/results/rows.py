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
        stage: the stage that measured it.
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
        protocol: name of the protocol. If the model was trained in the language, it is
            `in-language`, or `translate-train` for translations, in place of `zero-shot`. English
            stays `zero-shot`, as published averages count the source language.
        layer: hidden layer that the vectors are from (0 is the embeddings), None where no layer is
            measured.
        trained_in: languages of the labelled data that the model was trained on, its lineage
            included; a language that is not among them is zero-shot.
        lineage: the chain of trainings from the backbone to the model, in words.
        fingerprint: store fingerprint of the measured model ("" for the bare backbone).
        contamination: which texts of this evaluation were seen in training, "" if none is known.
        baseline: name of the model this one is compared with, "" for the baseline itself.
        caps: limits on the number of examples ("train 2000, evaluate 200"), "" without limits.
        pooling: how the vectors of that layer were pooled, where the recipe lists poolings; None
            where it leaves them to the protocol.
        recipe_id: short hash of what the recipe computes (its steps, seed and data). It
            distinguishes different recipes with the same name, and the seeds of one recipe.
        cell: store address of the measurement.
        setup: short hash of everything that the measurement depends on, except seeds. Rows that
            differ only in their seeds have the same.
        equivalence: the number of points within which the recipe counts models as equal. The file
            leaves the key out if the recipe does not say it.
        shot_seed: the seed that drew the shots on which the measured model was last trained. The
            file leaves the key out if there were no shots.
        language_adapter: the language whose adapter the model was measured with (its own, or
            another if it has none), or `none`. The file leaves the key out if the model does not
            stand on language adapters.
        precision: the precision of the computation. The file leaves the key out if the stage does
            not set it.
        same_data: tasks in the lineage that have the same training data as the task that the model
            was last trained on, under another name: `mnli` before `xglue_xnli`. The file leaves
            the key out if there are none.

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
    same_data: tuple[str, ...] = ()

    @property
    def borrows(self) -> bool:
        """Whether its model uses language adapters, but the language has no adapter."""
        return self.language_adapter not in (None, self.language)

    def as_dict(self) -> dict[str, object]:
        """The row as plain JSON data."""
        found = asdict(self) | {"trained_in": list(self.trained_in)}
        for key in ("equivalence", "shot_seed", "language_adapter", "precision"):
            if found[key] is None:
                del found[key]
        if self.same_data:
            found["same_data"] = list(self.same_data)
        else:
            del found["same_data"]
        return found
