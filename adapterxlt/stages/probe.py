"""`probe`: how well words find their translations, layer by layer, without training."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from pydantic import Field

from adapterxlt.backbones.backbone import Backbone
from adapterxlt.documents.nodes import KeyPath
from adapterxlt.errors import MissingDataError
from adapterxlt.order import in_order
from adapterxlt.recipe.draft import Draft
from adapterxlt.recipe.fields import MAX_LENGTH, Layers, Place, Precision
from adapterxlt.recipe.kind import Read, Scene, Small, StageKind
from adapterxlt.recipe.kinds import kind_of
from adapterxlt.recipe.schema import Recipe, Stage
from adapterxlt.recipe.shape import ShapeOf
from adapterxlt.recipe.steps import Step
from adapterxlt.stages.language_swaps import (
    both_sides,
    refuse_missing,
    spoken_by,
    with_languages,
)
from adapterxlt.stages.measuring import (
    COMPUTED_IN,
    bare_or_first,
    check_baseline,
    check_length,
    computed_in,
    refuse_ensembles,
    seen_by,
    stages_among,
    step_of,
)
from adapterxlt.stages.words import check_lexicon, lexicon_file
from adapterxlt.tasks.catalogue import Task
from adapterxlt.tasks.data_hash import data_hash, scored_by
from adapterxlt.tasks.lexicon import name_of


class ProbeStage(Stage):
    """How well words find their translations: `{probe: [none, lexical], on: gatitos/en_hi.tsv}`.

    `none` is the bare backbone. If models were aligned on this lexicon, all models are measured on
    the entries that none of them was trained on. `new_words_p_at_1` is P@1 over those of them in
    which no single word occurs in a trained entry either. Every score is given twice: for the mean
    over the subwords of a word, and for the mean that includes the special tokens, which all words
    share. In a decoder, such as Llama, a subword sees only those before it, and the special token
    is the start token, whose vector is the same in all words. A model that was trained on language
    adapters encodes English words with the adapter of English, and the others with that of their
    language.
    """

    key: ClassVar[str] = "probe"
    probe: list[str] = Field(
        min_length=1, description="Models to measure; `none` is the bare backbone."
    )
    on: Place = Field(
        description="Lexicon inside a data folder: a TSV file, or a JSON list of pairs."
    )
    layers: Layers = Field(
        "all", description="Layers to measure: a list, where 0 is the embeddings, or `all`."
    )
    language: str | None = Field(
        None, description="Language of the lexicon; default: taken from its name."
    )
    baseline: str | None = Field(
        None, description="Model to compare with; default: `none` if listed, else the first model."
    )
    cap: int | None = Field(
        None,
        gt=0,
        description="Maximum number of entries to measure; they are sampled with the seed.",
    )
    max_length: int = Field(
        128, ge=8, le=MAX_LENGTH, description="Maximum length of an entry, in subwords."
    )
    token_budget: int = Field(
        16384, gt=0, description="Maximum number of tokens, including padding, in one forward pass."
    )
    precision: Precision = Field("fp32", description=COMPUTED_IN)


class _Probe(StageKind[ProbeStage]):
    key = "probe"
    model = ProbeStage
    lists = distinct = ("probe", "layers")
    may_be_all = ("layers",)
    measures = True
    decoders = True

    def named_files(self, stage: ProbeStage) -> Iterator[Task]:
        yield from lexicon_file(stage.on, stage.language)

    def references(self, stage: ProbeStage) -> Iterator[tuple[KeyPath, str]]:
        yield from stages_among("probe", stage.probe)

    def check(self, draft: Draft, name: str, stage: ProbeStage, shape_of: ShapeOf) -> None:
        at: KeyPath = ("stages", name)
        check_baseline(draft, at, stage.baseline, stage.probe)
        if draft.knows(at, "on"):
            check_lexicon(draft, (*at, "on"), stage.on, stage.language)
        why = "whose members have different vectors"
        refuse_ensembles(draft, at, "probe", stage.probe, shape_of, why)

    def check_backbone(
        self, draft: Draft, name: str, stage: ProbeStage, shape_of: ShapeOf, backbone: Backbone
    ) -> None:
        at: KeyPath = ("stages", name)
        check_length(draft, (*at, "max_length"), stage.max_length, backbone)
        for index, layer in enumerate(stage.layers if stage.layers != "all" else []):
            if not 0 <= int(layer) <= backbone.layers:
                draft.refuse(
                    (*at, "layers", index),
                    f"there is no layer {layer}",
                    f"`{backbone.name}` has layers 0 (the embeddings) to {backbone.layers}",
                )

    def steps(self, scene: Scene, name: str, stage: ProbeStage) -> Iterable[Step]:
        """One step a model."""
        task = scene.recipe.catalogue[name_of(stage.on)]
        sides = both_sides(task, task.languages[0])
        speaks = {model: spoken_by(scene, model) for model in stage.probe}
        refuse_missing(name, [(model, speaks[model], sides) for model in stage.probe])
        every = range(scene.backbone.layers + 1)
        params: dict[str, object] = {
            "task": task.name,
            "languages": [task.languages[0]],
            "split": "test",
            "cap": stage.cap,
            "layers": list(every) if stage.layers == "all" else sorted(set(map(int, stage.layers))),
            "held_out": _alignments(scene, stage, task),
            "max_length": stage.max_length,
            "token_budget": stage.token_budget,
            **seen_by(scene),
        }
        if stage.precision != "fp32":
            params["precision"] = stage.precision
        for model in stage.probe:
            inputs, own = with_languages(step_of(model), params, speaks[model], sides)
            yield Step(f"{name}/{model}/{task.name}", self.key, name, inputs, own)

    def version_of(self, step: Step, tasks: Mapping[str, Task]) -> int | str:
        # Of entries that are held out, P@1 of those with new words only came later.
        return self.version + 1 if step.params.get("held_out") else self.version

    def in_small(
        self, recipe: Recipe, name: str, stage: ProbeStage, count: int, roots: Sequence[Path]
    ) -> Small[ProbeStage]:
        cap = count if stage.cap is None else min(count, stage.cap)
        return Small(stage.model_copy(update={"cap": cap}))

    def reads(self, step: Step, tasks: Mapping[str, Task]) -> Iterator[Read]:
        task = tasks[step.text("task")]
        yield Read(task, step.items("languages"), step.text("split"), scored_by(task))

    def baseline(self, models: Sequence[str]) -> str:
        return bare_or_first(models)

    def protocol(self, params: Mapping[str, Any]) -> str:
        return computed_in("words held out" if params.get("held_out") else "all words", params)

    def cap(self, stage: ProbeStage) -> int | None:
        return stage.cap

    def runner(self) -> Callable[..., None]:
        from adapterxlt.stages.probe_run import run_probe

        return run_probe


def _alignments(scene: Scene, stage: ProbeStage, task: Task) -> list[dict[str, object]]:
    """How the lexicon was divided for each alignment on it behind the models of a stage."""
    stages, language = scene.recipe.stages, task.languages[0]
    listed = [model for _, model in stages_among("probe", stage.probe)]
    found: list[dict[str, object]] = []
    same = data_hash(task, scene.roots, [language], "train")
    for name in in_order(listed, lambda name: kind_of(stages[name]).inputs(stages[name])):
        if name in scene.used:  # trained elsewhere
            steps = [
                (step["kind"], step["params"], step.get("data"))
                for step in scene.used[name].lineage
            ]
        else:
            kind = kind_of(stages[name])
            steps = [
                (step.kind, step.params, _data(scene, step))
                for step in (kind.steps(scene, name, stages[name]) if kind.key == "align" else ())
            ]
        for kind_key, params, data in steps:
            if kind_key == "align" and data == same and params.get("held_out"):
                part = {key: params[key] for key in ("held_out", "split_seed")}
                if part not in found:
                    found.append(part)
    return sorted(found, key=lambda part: (str(part["held_out"]), str(part["split_seed"])))


def _data(scene: Scene, step: Step) -> str:
    """The hash of the lexicon that an alignment is on; "" where it is not there."""
    try:
        task = scene.recipe.catalogue[step.text("task")]
        return data_hash(task, scene.roots, [step.text("language")], step.text("split"))
    except MissingDataError:  # told where it is read
        return ""


KIND = _Probe()
