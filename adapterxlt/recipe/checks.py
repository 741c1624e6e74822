"""What a recipe means: tasks, languages, references, compositions. Needs no backbone and no data.

What depends on the backbone is in `backbone_checks.py`.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence

from adapterxlt.errors import Problem
from adapterxlt.recipe.composition import Composition, Shape
from adapterxlt.recipe.nodes import Path, Places
from adapterxlt.recipe.references import check_references
from adapterxlt.recipe.schema import (
    EvaluateStage,
    FuseStage,
    MergeStage,
    PretrainStage,
    Recipe,
    RetrieveStage,
    Training,
    TrainStage,
)
from adapterxlt.retrieval.protocols import PROTOCOLS
from adapterxlt.suggest import suggest
from adapterxlt.tasks.catalogue import Task, catalogue, compatible
from adapterxlt.tasks.types import TRAINABLE_KINDS


def check(
    recipe: Recipe,
    places: Places,
    problems: list[Problem],
    *,
    broken: frozenset[str] = frozenset(),
    tasks: Mapping[str, Task] | None = None,
) -> None:
    """Add every problem of a recipe that fits the schema.

    Args:
        recipe: may lack stages that break the schema.
        broken: names of those stages: known, but of unknown content.
        tasks: the tasks there are; default: the catalogue.
    """
    check_references(recipe, places, broken, problems)
    _Checks(recipe, places, problems, catalogue() if tasks is None else tasks).run()


class _Checks:
    def __init__(
        self, recipe: Recipe, places: Places, problems: list[Problem], tasks: Mapping[str, Task]
    ) -> None:
        self.recipe = recipe
        self.places = places
        self.problems = problems
        self.tasks = tasks
        self.composition = Composition(recipe, places, problems)

    def run(self) -> None:
        for name, stage in self.recipe.stages.items():
            at: Path = ("stages", name)
            if isinstance(stage, (TrainStage, FuseStage)):
                self._training(at, stage.train, self.recipe.training_of(name))
            elif isinstance(stage, MergeStage):
                self._merge(at, stage)
            elif isinstance(stage, EvaluateStage):
                self._evaluation(at, stage)
            elif isinstance(stage, RetrieveStage):
                self._retrieval(at, stage)
            elif isinstance(stage, PretrainStage):
                self._pretraining(at, stage)

    def refuse(self, path: Path, message: str, hint: str | None = None) -> None:
        self.problems.append(self.places.problem(path, message, hint))

    def _task(self, path: Path, name: str) -> Task | None:
        task = self.tasks.get(name)
        if task is None:
            self.refuse(path, f"unknown task `{name}`", suggest(name, self.tasks, show=40))
        return task

    def _setting(self, at: Path, key: str) -> Path:
        """Where a training setting was written: in the stage, or in `training`."""
        here = (*at, key)
        return (
            ("training", key)
            if here not in self.places and ("training", key) in self.places
            else here
        )

    def _training(self, at: Path, name: str, settings: Training) -> None:
        task = self._task((*at, "train"), name)
        if task is None:
            return
        if task.kind not in TRAINABLE_KINDS:
            self.refuse(
                (*at, "train"),
                f"`{name}` is {_words(task.kind)} and has nothing to train on",
                f"`retrieve: [...]` with `on: {name}` measures models on it",
            )
            return
        source = self._source(task, settings.split)
        if source is None:
            self.refuse(
                self._setting(at, "split"),
                f"`{name}` has no split `{settings.split}`",
                "it has " + ", ".join(task.splits),
            )
        elif settings.language not in source.languages:
            of = (
                f"`{name}`" if source is task else f"`{name}`, which is trained on `{source.name}`,"
            )
            self.refuse(
                self._setting(at, "language"),
                f"{of} has no language `{settings.language}`",
                suggest(settings.language, source.languages, show=50),
            )
        if task.kind == "span_qa" and settings.doc_stride >= settings.max_length - 16:
            self.refuse(
                self._setting(at, "doc_stride"),
                f"windows of {settings.max_length} subwords cannot share {settings.doc_stride}",
                f"doc_stride must be well below max_length, for example {settings.max_length // 3}",
            )

    def _source(self, task: Task, split: str) -> Task | None:
        """The task whose files serve as `split`; as `tasks.catalogue.source_of`."""
        if split in task.splits:
            return task
        return self.tasks.get(task.train or "") if split == "train" else None

    def _merge(self, at: Path, stage: MergeStage) -> None:
        if stage.weights is not None and len(stage.weights) != len(stage.merge):
            self.refuse(
                (*at, "weights"),
                f"has {len(stage.weights)} weights for {len(stage.merge)} stages",
            )

    def _evaluation(self, at: Path, stage: EvaluateStage) -> None:
        self._baseline(at, stage.baseline, stage.evaluate)
        for index, name in enumerate(stage.on):
            path: Path = (*at, "on", index)
            task = self._task(path, name)
            if task is None:
                continue
            if task.kind not in TRAINABLE_KINDS:
                self.refuse(path, f"`{name}` is {_words(task.kind)}", "use `retrieve` for it")
                continue
            self._languages(at, stage.languages, task)
            if stage.split not in task.splits:
                self.refuse(
                    (*at, "split"),
                    f"`{name}` has no split `{stage.split}`",
                    "it has " + ", ".join(task.splits),
                )
            for position, model in enumerate(stage.evaluate):
                self._fits((*at, "evaluate", position), model, task)

    def _fits(self, path: Path, model: str, task: Task) -> None:
        """Whether the head of a model can predict a task."""
        shape: Shape | None = self.composition.of(model)
        if shape is None:
            return
        trained = [self.tasks[name] for name in shape.trained_on if name in self.tasks]
        for first, second in itertools.pairwise(trained):
            reason = compatible(first, second)
            if reason:
                self.refuse(
                    path,
                    f"`{model}` merges adapters of different heads, so it has none: {reason}",
                    f"train one on it (`after: {model}`), or `retrieve` with it",
                )
                return
        if trained and (reason := compatible(trained[0], task)):
            self.refuse(
                path,
                f"`{model}` cannot be evaluated on `{task.name}`: {reason}",
                f"train a stage on `{task.name}` `after: {model}`",
            )

    def _retrieval(self, at: Path, stage: RetrieveStage) -> None:
        self._baseline(at, stage.baseline, stage.retrieve)
        if stage.protocol not in PROTOCOLS:
            self.refuse(
                (*at, "protocol"),
                f"unknown protocol `{stage.protocol}`",
                suggest(stage.protocol, PROTOCOLS),
            )
        for index, layer in enumerate(stage.layers if stage.layers != "all" else []):
            if int(layer) < 0:
                self.refuse(
                    (*at, "layers", index), f"there is no layer {layer}", "0 is the embeddings"
                )
        for index, name in enumerate(stage.on):
            path: Path = (*at, "on", index)
            task = self._task(path, name)
            if task is None:
                continue
            if task.kind in TRAINABLE_KINDS:
                self.refuse(path, f"`{name}` is {_words(task.kind)}", "use `evaluate` for it")
                continue
            self._languages(at, stage.languages, task)

    def _baseline(self, at: Path, baseline: str | None, listed: Sequence[str]) -> None:
        if baseline is not None and baseline not in listed:
            self.refuse(
                (*at, "baseline"),
                f"`{baseline}` is not among the models listed here",
                suggest(baseline, listed),
            )

    def _languages(self, at: Path, languages: str | list[str], task: Task) -> None:
        for index, language in enumerate(languages if languages != "all" else ()):
            if language not in task.languages:
                self.refuse(
                    (*at, "languages", index),
                    f"`{task.name}` has no language `{language}`",
                    suggest(language, task.languages, show=50),
                )

    def _pretraining(self, at: Path, stage: PretrainStage) -> None:
        from pydantic import ValidationError

        from adapterxlt.pretraining.config import PretrainConfig
        from adapterxlt.recipe.validation import translated

        try:
            PretrainConfig.model_validate(stage.pretrain)
        except ValidationError as error:
            details = error.errors(include_url=False)
            path: Path = (*at, "pretrain")
            self.problems.extend(translated(details, PretrainConfig, path, self.places))


def _words(kind: str) -> str:
    return kind.replace("_", " ")
