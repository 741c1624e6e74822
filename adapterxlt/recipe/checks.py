"""What a recipe means: tasks, languages, references, compositions. Needs no backbone and no data.

What depends on the backbone is in `backbone_checks.py`.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence

from adapterxlt.errors import Problem, UsageError
from adapterxlt.recipe.composition import Composition, Shape
from adapterxlt.recipe.heads import head_for
from adapterxlt.recipe.nodes import Path, Places
from adapterxlt.recipe.references import check_references
from adapterxlt.recipe.schema import (
    EvaluateStage,
    FuseStage,
    MergeStage,
    Part,
    PretrainStage,
    Recipe,
    RetrieveStage,
    TaskData,
    Training,
    TrainStage,
)
from adapterxlt.retrieval.protocols import get_protocol
from adapterxlt.scoring.benchmarks import BENCHMARKS, spec_of
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
                self._training(name, stage)
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

    def _setting(self, at: Path, key: str, index: int | None = None) -> Path:
        """Where a setting was written: with a task of `train`, in the stage, or in `training`."""
        here = (*at, key)
        if index is not None:
            inside = (*at, "train", index, key)
            return inside if inside in self.places else (*at, "train", key)
        return (
            ("training", key)
            if here not in self.places and ("training", key) in self.places
            else here
        )

    def _training(self, name: str, stage: TrainStage | FuseStage) -> None:
        at: Path = ("stages", name)
        settings = self.recipe.training_of(name)
        sound = [
            data.task
            for index, data in enumerate(stage.train)
            if self._trainable(self._task_path(at, index), data.task)
        ]
        self._sampling(at, stage, settings)
        if len(sound) < len(stage.train):
            return
        told: set[tuple[Path, str]] = set()
        seen: set[Part] = set()
        for index, data, part in self._parts(name, stage):
            task = self.tasks[part.task]
            if part in seen:
                self.refuse((*at, "train", index), f"`{part.task}` is listed twice")
            seen.add(part)
            for key, message, hint in self._misfits(task, part, settings):
                path = self._setting(at, key, index if getattr(data, key, None) else None)
                if (path, message) not in told:  # a setting of the stage concerns all its tasks
                    told.add((path, message))
                    self.refuse(path, message, hint)

    def _parts(
        self, name: str, stage: TrainStage | FuseStage
    ) -> Iterator[tuple[int, TaskData, Part]]:
        """The parts, each with the item of `train` that it comes from."""
        parts = iter(self.recipe.parts_of(name))
        settings = self.recipe.training_of(name)
        for index, data in enumerate(stage.train):
            for _ in data.language or settings.language:
                yield index, data, next(parts)

    def _task_path(self, at: Path, index: int) -> Path:
        """Where an item of `train` names its task: alone, in a list, or in a mapping."""
        for path in ((*at, "train", index, "task"), (*at, "train", index), (*at, "train", "task")):
            if path in self.places:
                return path
        return (*at, "train")

    def _trainable(self, path: Path, name: str) -> bool:
        task = self._task(path, name)
        if task is None:
            return False
        if task.kind not in TRAINABLE_KINDS:
            self.refuse(
                path,
                f"`{name}` is {_words(task.kind)} and has nothing to train on",
                f"`retrieve: [...]` with `on: {name}` measures models on it",
            )
            return False
        return True

    def _misfits(
        self, task: Task, part: Part, settings: Training
    ) -> Iterator[tuple[str, str, str | None]]:
        """What a task has not got, or cannot do: the setting, a message, a hint."""
        source = self._source(task, part.split)
        if source is None:
            yield (
                "split",
                f"`{task.name}` has no split `{part.split}`",
                "it has " + ", ".join(task.splits),
            )
        elif part.language not in source.languages and task.kind != "mlm":  # text is text
            of = f"`{task.name}`"
            if source is not task:
                of += f", which is trained on `{source.name}`,"
            yield (
                "language",
                f"{of} has no language `{part.language}`",
                suggest(part.language, source.languages, show=50),
            )
        if task.kind == "span_qa" and settings.doc_stride >= part.max_length - 16:
            yield (
                "doc_stride",
                f"windows of {part.max_length} subwords cannot share {settings.doc_stride}",
                f"doc_stride must be well below max_length, for example {part.max_length // 3}",
            )

    def _sampling(self, at: Path, stage: TrainStage | FuseStage, settings: Training) -> None:
        """Whether the numbers that a sampling needs are given, and no others."""
        if len(stage.train) * len(settings.language) == 1 and not stage.train[0].language:
            for key in ("sampling", "sampling_cap", "temperature"):
                if key in stage.model_fields_set:
                    self.refuse(
                        (*at, key),
                        "the stage trains on one task: there is nothing to choose from",
                        "list several, as in `train: [mnli, squad]`",
                    )
            return
        if settings.sampling == "capped" and settings.sampling_cap is None:
            self.refuse(
                self._setting(at, "sampling"),
                "needs `sampling_cap`",
                "training inputs of a task that count at most, for example 131072",
            )
        if settings.sampling == "temperature" and settings.temperature is None:
            self.refuse(self._setting(at, "sampling"), "needs `temperature`", "for example 2")
        unused = {
            "sampling_cap": settings.sampling not in ("capped", "temperature"),
            "temperature": settings.sampling != "temperature",
        }
        for key, useless in unused.items():
            if useless and key in stage.model_fields_set:
                self.refuse((*at, key), f"has no meaning with `sampling: {settings.sampling}`")

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
            if stage.predictions:
                self._submission(path, stage.predictions, name)
            for position, model in enumerate(stage.evaluate):
                self._fits((*at, "evaluate", position), model, task)
        if stage.predictions and stage.cap:
            self.refuse(
                (*at, "cap"),
                "a submission holds a prediction for every example",
                "leave out `cap` or `predictions`",
            )

    def _submission(self, path: Path, benchmark: str, task: str) -> None:
        """Whether a benchmark's submission has a place for a task."""
        if spec_of(benchmark, task) is None:
            title, specs = BENCHMARKS[benchmark].title, BENCHMARKS[benchmark].tasks
            self.refuse(
                path,
                f"`{task}` has no place in a submission to {title}",
                f"it takes {', '.join(spec.name for spec in specs)}; leave out "
                f"`predictions: {benchmark}` for other tasks",
            )

    def _fits(self, path: Path, model: str, task: Task) -> None:
        """Whether the head of a model can predict a task."""
        shape: Shape | None = self.composition.of(model)
        if shape is None:
            return
        models = [
            [self.tasks[name] for name in names]
            for names in shape.heads
            if all(name in self.tasks for name in names)
        ]
        if len(models) < len(shape.heads):
            return
        for first, second in itertools.pairwise(models):
            reason = _differ(first, second)
            if reason:
                self.refuse(
                    path,
                    f"`{model}` merges adapters of different heads, so it has none: {reason}",
                    f"train one on it (`after: {model}`), or `retrieve` with it",
                )
                return
        if models and head_for(models[0], task) is None:
            reasons = "; ".join(str(compatible(trained, task)) for trained in models[0])
            self.refuse(
                path,
                f"`{model}` cannot be evaluated on `{task.name}`: {reasons}",
                f"train a stage on `{task.name}` `after: {model}`",
            )

    def _retrieval(self, at: Path, stage: RetrieveStage) -> None:
        self._baseline(at, stage.baseline, stage.retrieve)
        try:
            get_protocol(stage.protocol)
        except UsageError as error:
            self.refuse((*at, "protocol"), error.message, error.hint)
        for index, layer in enumerate(stage.layers if stage.layers != "all" else []):
            if int(layer) < 0:
                self.refuse(
                    (*at, "layers", index), f"there is no layer {layer}", "0 is the embeddings"
                )
        if stage.predictions and stage.layers != "all" and len(set(stage.layers)) > 1:
            self.refuse(
                (*at, "layers"),
                "a submission is of one layer",
                "list one, or leave out `layers`: then it is the protocol's own",
            )
        for index, name in enumerate(stage.on):
            path: Path = (*at, "on", index)
            task = self._task(path, name)
            if task is None:
                continue
            if task.kind in TRAINABLE_KINDS:
                self.refuse(path, f"`{name}` is {_words(task.kind)}", "use `evaluate` for it")
                continue
            if stage.predictions:
                self._submission(path, stage.predictions, name)
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


def _differ(first: Sequence[Task], second: Sequence[Task]) -> str | None:
    """Why the heads of two merged models are not the same; None if they are."""
    if len(first) != len(second):
        return f"one has {len(first)}, another {len(second)}"
    reasons = (compatible(one, other) for one, other in zip(first, second, strict=True))
    return next((reason for reason in reasons if reason), None)


def _words(kind: str) -> str:
    return kind.replace("_", " ")
