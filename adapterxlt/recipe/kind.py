"""The interface of stage kinds for all other rooms.

A kind is in one file or folder of `stages/`, or in an installed package. It has a model of the keys
of its stages, checks them, turns them into steps, and says how a step is computed. No torch: the
code that computes is imported when it is needed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Generic, TypeVar

from adapterxlt.backbones.backbone import Backbone
from adapterxlt.documents.nodes import KeyPath
from adapterxlt.errors import AdapterXLTError
from adapterxlt.recipe.draft import Draft
from adapterxlt.recipe.schema import Recipe, Stage
from adapterxlt.recipe.shape import Shape, ShapeOf
from adapterxlt.recipe.steps import Step
from adapterxlt.recipe.used import Used
from adapterxlt.tasks.catalogue import Task

S = TypeVar("S", bound=Stage)


@dataclass(frozen=True)
class Scene:
    """The surroundings that the steps of a stage depend on.

    Args:
        recipe: the checked recipe.
        backbone: what its models stand on.
        roots: resolved data folders (they tell which languages are there).
        used: what its `use` stages name, by stage.
        shape_of: what the model of a stage is made of.
    """

    recipe: Recipe
    backbone: Backbone
    roots: Sequence[Path]
    used: Mapping[str, Used]
    shape_of: ShapeOf


@dataclass(frozen=True)
class Read:
    """Data that a step reads; `scored` says how a user's task is scored on it, see `scored_by`."""

    task: Task
    languages: list[str]
    split: str
    scored: str = ""


@dataclass(frozen=True)
class Trained:
    """How the heads of a model were trained.

    Args:
        lengths: subwords of an input at most, by task.
        doc_stride: how far the windows of long ones overlapped.
        seed: None if it is not known.
        caps: each task, and at most how many examples of it there were.
        shot_seed: the seed that the shots were drawn by; None where there were none.
    """

    lengths: dict[str, int]
    doc_stride: int
    seed: int | None
    caps: list[tuple[str, int | None]]
    shot_seed: int | None = None


@dataclass(frozen=True)
class Small(Generic[S]):
    """A stage in small, for a trial.

    Args:
        from_dev: tasks that are trained on their dev split for want of other files.
        keeps_last: whether the last epoch is kept, for want of a dev split to choose one on.
    """

    stage: S
    from_dev: Sequence[str] = ()
    keeps_last: bool = False


class StageKind(Generic[S]):
    """One kind of stage. What a kind does not need keeps its default here.

    Class variables:
        key: tells the kind in a recipe; the kind of its steps is called so too.
        model: what its stages may say; `key` is one of the fields, and `model.key` is `key`.
        lists: keys whose single value stands for a list of one.
        may_be_all: those of them that may be `all`.
        distinct: those in which nothing may be listed twice.
        named: keys that name other stages, one, a list, or a mapping of something to them.
        makes_model: whether other stages can name it.
        kept: whether its output is a model that can be shared, so remote stores are asked for it.
        like_first: whether its heads and their settings are those of the first stage it names.
        trains: whether its steps train on what `Step.parts` tells.
        measures: whether its steps measure models on `task` in `languages`.
        decoders: whether it can be had of a backbone whose tokens see only those before them.
        called: what its models are called where others are by their method.
        version: of its code; raise it when that computes something else.
    """

    key: ClassVar[str]
    model: type[S]
    lists: ClassVar[tuple[str, ...]] = ()
    may_be_all: ClassVar[tuple[str, ...]] = ()
    distinct: ClassVar[tuple[str, ...]] = ()
    named: ClassVar[tuple[str, ...]] = ()
    makes_model: ClassVar[bool] = False
    kept: ClassVar[bool] = False
    like_first: ClassVar[bool] = False
    trains: ClassVar[bool] = False
    measures: ClassVar[bool] = False
    decoders: ClassVar[bool] = False
    called: ClassVar[str] = ""
    version: ClassVar[int] = 1

    # What a stage says.

    def references(self, stage: S) -> Iterator[tuple[KeyPath, str]]:
        """The stages that a stage needs, each with the path inside it of what names it."""
        for key in self.named:
            value = getattr(stage, key)
            if isinstance(value, str):
                yield (key,), value
            elif isinstance(value, Mapping):
                yield from (((key, item), needed) for item, needed in value.items())
            elif value is not None:
                yield from (((key, index), needed) for index, needed in enumerate(value))

    def look_at(
        self, stage: S, base: Path, backbone: Backbone | None, tasks: Mapping[str, Task]
    ) -> Used | None:
        """What a stage uses that was trained elsewhere; None if it uses nothing, or needs the
        backbone to tell.

        Args:
            base: folder of the recipe.
            tasks: that the recipe can name.
        """
        return None

    def named_files(self, stage: S) -> Iterator[Task]:
        """The tasks that a stage names by their file, which need no entry of their own.

        Raises:
            ValueError: a file cannot be one; the message is fit for a user.
        """
        yield from ()

    def shape(self, draft: Draft, name: str, stage: S, shape_of: ShapeOf) -> Shape | None:
        """The composition of the model of a stage; None, and a problem, if it is impossible."""
        return None

    def check(self, draft: Draft, name: str, stage: S, shape_of: ShapeOf) -> None:
        """Report what is wrong with a stage."""

    def check_backbone(
        self, draft: Draft, name: str, stage: S, shape_of: ShapeOf, backbone: Backbone
    ) -> None:
        """Report what in a stage does not fit the backbone."""

    # Steps.

    def steps(self, scene: Scene, name: str, stage: S) -> Iterable[Step]:
        """The steps of a stage."""
        raise NotImplementedError

    def inputs(self, stage: S) -> tuple[str, ...]:
        """Names of the stages that a stage needs, in order."""
        return tuple(needed for _, needed in self.references(stage))

    def trained(self, scene: Scene, name: str, stage: S) -> Trained:
        """How the heads of a stage's model were trained."""
        raise NotImplementedError

    def languages(self, scene: Scene, name: str, stage: S) -> set[str]:
        """Languages of the labelled data that a stage itself trains on."""
        return set()

    def in_small(
        self, recipe: Recipe, name: str, stage: S, count: int, roots: Sequence[Path]
    ) -> Small[S]:
        """A stage for a trial, with at most `count` examples per task or language."""
        return Small(stage)

    def version_of(self, step: Step, tasks: Mapping[str, Task]) -> int | str:
        """The version of a step; see `version`."""
        return self.version

    def reads(self, step: Step, tasks: Mapping[str, Task]) -> Iterator[Read]:
        """All the data that a step reads."""
        yield from ()

    def in_order(self, step: Step, addresses: Sequence[str]) -> Step:
        """A step with its inputs in the order that its result is computed in, now that their
        addresses are known; for kinds to which the order of a list means nothing."""
        return step

    def check_inputs(self, step: Step, addresses: Sequence[str]) -> None:
        """Refuse inputs of a step, now that their addresses are known.

        Raises:
            UsageError: they do not go together.
        """

    def members(self, step: Step) -> Mapping[str, float]:
        """The models whose outputs are averaged in a step, with their shares."""
        return {step.id: 1.0}

    def words(self, params: Mapping[str, object], inputs: Sequence[str]) -> str:
        """A step in a lineage, on one line; `inputs` are those of its inputs."""
        return self.key

    # Facts that measuring stages add to their rows.

    def compared_with(self, stage: S) -> str:
        """Name of the model that a stage's other models are compared with."""
        return getattr(stage, "baseline", None) or self.baseline(getattr(stage, self.key))

    def baseline(self, models: Sequence[str]) -> str:
        """The model that the others are compared with if the stage does not name one."""
        return models[0]

    def protocol(self, params: Mapping[str, Any]) -> str:
        """The protocol of the results of a step, with further facts about it."""
        return "zero-shot"

    def cap(self, stage: S) -> int | None:
        """The maximum number of examples per language in a measurement."""
        return None

    # Running.

    def take_in(
        self, stage: S, used: Used, base: Path, store: Any, backbone: Backbone, progress: Any
    ) -> None:
        """Verify what a stage uses and put it into the store, before anything is computed."""
        raise NotImplementedError

    def runner(self) -> Callable[..., None]:
        """Import what computes a step: `run(planned, context, staging)`, output in `staging/out`.

        `planned` is a `plan.steps.PlannedStep`, `context` a `stages.running.context.Context`.
        """
        raise AdapterXLTError(f"a step of kind {self.key} cannot be run")
