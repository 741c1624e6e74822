"""`merge`: merges several trained models into one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from adapterxlt.backbones.backbone import Backbone
from adapterxlt.documents.nodes import KeyPath
from adapterxlt.methods.arithmetic import Arithmetic
from adapterxlt.methods.merging import can_merge, cancel, cancel_exactly, merge_note, merged_method
from adapterxlt.methods.parser import parse_method
from adapterxlt.recipe.draft import Draft
from adapterxlt.recipe.heads import head_for
from adapterxlt.recipe.kind import Read, Scene, Small, StageKind
from adapterxlt.recipe.kinds import kind_of, stage_behind
from adapterxlt.recipe.schema import Recipe
from adapterxlt.recipe.shape import COMPOSING, Shape, ShapeOf
from adapterxlt.recipe.steps import Step
from adapterxlt.recipe.task_data import Part
from adapterxlt.recipe.used import tasks_of_heads
from adapterxlt.stages.members import members_of
from adapterxlt.stages.merging.checks import check_backbone, check_settings
from adapterxlt.stages.merging.keys import MergeStage
from adapterxlt.stages.merging.members import unfit_to_merge
from adapterxlt.stages.merging.soup import check_soup
from adapterxlt.stages.merging.starts import common_start, other_starts
from adapterxlt.stages.training.small import least
from adapterxlt.tasks.catalogue import Task
from adapterxlt.tasks.data_hash import scored_by
from adapterxlt.tasks.task_languages import language_in


class _Merge(StageKind[MergeStage]):
    key = called = "merge"
    model = MergeStage
    lists = ("merge", "weights")
    distinct = named = ("merge",)
    makes_model = True
    kept = True
    like_first = True
    version = 2

    def references(self, stage: MergeStage) -> Iterator[tuple[KeyPath, str]]:
        """The member whose heads the merge gets comes first, because they are looked up there."""
        for index in stage.order:
            yield ("merge", index), stage.merge[index]

    def shape(self, draft: Draft, name: str, stage: MergeStage, shape_of: ShapeOf) -> Shape | None:
        if not draft.knows(("stages", name), *COMPOSING):
            return None
        known = {member: shape for member in stage.merge if (shape := shape_of(member)) is not None}
        members = members_of(draft, name, "merge", stage.merge, shape_of, unfit_to_merge(known))
        return _merged(draft, name, stage, members) if members else None

    def check(self, draft: Draft, name: str, stage: MergeStage, shape_of: ShapeOf) -> None:
        check_settings(draft, name, stage)
        check_soup(draft, name, stage, shape_of)

    def check_backbone(
        self, draft: Draft, name: str, stage: MergeStage, shape_of: ShapeOf, backbone: Backbone
    ) -> None:
        check_backbone(draft, name, stage, shape_of, backbone)

    def steps(self, scene: Scene, name: str, stage: MergeStage) -> Iterable[Step]:
        shares = stage.shares.ordered(stage.order)
        how = stage.arithmetic(scene.recipe.seed)
        params: dict[str, object] = {"weights": list(shares.everywhere)}
        if shares.layers:
            params["layers"] = shares.plain_layers()
        params |= how.params()
        shape = scene.shape_of(name)
        method = shape.methods[-1] if shape and shape.methods else parse_method("full")
        if not how.linear:
            start = common_start(scene.recipe, scene.used, self.inputs(stage), method)
            params |= {} if start is None else {"start_seed": start}
        if stage.rank is not None:
            params["rank"] = stage.rank
        if stage.head is not None:
            params["head_of"] = "first"
        if stage.on is not None:
            params["greedy"] = self._greedy(scene, name, stage)
        over = "with weights by layer" if shares.layers else ""
        if stage.on is not None:
            over = "over the members that do not lower the score on dev"
        neutral: dict[str, object] = {
            "note": merge_note(method, shares.everywhere, how, over),
            "full": method.is_full,
        }
        yield Step(name, "merge", name, self.inputs(stage), params, neutral)

    def _greedy(self, scene: Scene, name: str, stage: MergeStage) -> dict[str, object]:
        """The data on which the members of a greedy soup are chosen: a part of a dev split."""
        assert stage.on is not None
        task = scene.recipe.catalogue[stage.on.task]
        behind = stage_behind(scene.recipe, name)
        made = scene.recipe.stages[behind]
        trained = kind_of(made).trained(scene, behind, made)
        known = tasks_of_heads(scene.recipe.catalogue, scene.used)
        head = head_for([known[of] for of in trained.lengths], task)
        assert head is not None  # checked with the recipe
        language = language_in(task, stage.on.language)
        part = Part(
            task=task.name,
            language=language,
            split="dev",
            cap=stage.dev_cap,
            max_length=trained.lengths[head.name],
        )
        return {**part.said(), "doc_stride": trained.doc_stride, "head": head.name}

    def languages(self, scene: Scene, name: str, stage: MergeStage) -> set[str]:
        if stage.on is None:
            return set()
        return {language_in(scene.recipe.catalogue[stage.on.task], stage.on.language)}

    def reads(self, step: Step, tasks: Mapping[str, Task]) -> Iterator[Read]:
        for part in step.dev_parts():
            task = tasks[part.task]
            yield Read(task, [part.language], part.split, scored_by(task))

    def in_small(
        self, recipe: Recipe, name: str, stage: MergeStage, count: int, roots: object
    ) -> Small[MergeStage]:
        if stage.on is None:
            return Small(stage)
        return Small(stage.model_copy(update={"dev_cap": least(count, stage.dev_cap)}))

    def version_of(self, step: Step, tasks: Mapping[str, Task]) -> int | str:
        """`3` of full fine-tunes: what none of them changed was once off by a rounding error.

        `2.1` where weights nearly cancel: heads were once divided by such sums.
        """
        if step.neutral.get("full"):
            return 3
        weights = [float(str(weight)) for weight in step.items("weights")]
        nearly = cancel(weights) and not cancel_exactly(weights)
        return f"{self.version}.1" if nearly and "head_of" not in step.params else self.version

    def words(self, params: Mapping[str, object], inputs: Sequence[str]) -> str:
        return ", ".join([f"merge({' + '.join(inputs)}", *_told(params)]) + ")"

    def runner(self) -> Callable[..., None]:
        from adapterxlt.stages.merging.run import run_merge

        return run_merge


def _told(params: Mapping[str, object]) -> Iterator[str]:
    """Return what a lineage says about a merge that is not a plain average."""
    weights, layers, greedy = (params.get(key) for key in ("weights", "layers", "greedy"))
    if isinstance(greedy, Mapping):
        cap = f"[{greedy['cap']}]" if greedy["cap"] else ""
        yield f"greedy soup on {greedy['task']} {greedy['language']} dev{cap}"
        return
    if isinstance(weights, list) and any(weight != 1 / len(weights) for weight in weights):
        yield f"weights {_numbers(weights)}"
    for part in layers if isinstance(layers, list) else ():
        first, last, own = part
        yield f"layers {first}-{last}: {_numbers(own)}"
    if said := Arithmetic.of(params).words():
        yield said
    if params.get("rank") is not None:
        yield f"rank {params['rank']}"
    if params.get("head_of") == "first":
        yield "head of the first"


def _numbers(values: Iterable[float]) -> str:
    return "/".join(f"{value:.3g}" for value in values)


def _merged(
    draft: Draft, name: str, stage: MergeStage, members: Mapping[str, Shape]
) -> Shape | None:
    first = next(iter(members.values()))  # what is below its topmost adapter, all stand on
    full = first.kind == "full"
    methods = [parse_method("full") if full else shape.methods[-1] for shape in members.values()]
    path: KeyPath = ("stages", name, "merge")
    reason = can_merge(methods)
    if reason is None and draft.knows(path[:2], "layers"):
        path = ("stages", name, "layers")
        reason = can_merge(methods, by_layer=stage.layers is not None)
    if reason is None and draft.knows(path[:2], "rank", "how", "sparsify", "density"):
        how = stage.arithmetic(0)
        path = ("stages", name, "rank" if how.linear else stage.says_how)
        reason = can_merge(methods, stage.rank, how)
        if reason is None and not how.linear and _seeds_known(draft, stage):
            apart = other_starts(draft.recipe, draft.used, stage.merge, methods[0])
            if apart is not None:
                draft.refuse(path, *apart)
                return None
    if reason:
        draft.refuse(path, reason)
        return None
    heads, headless = _heads(stage, members)
    if full:
        return Shape("full", (), True, heads, headless)
    merged = (*first.methods[:-1], merged_method(methods, stage.rank))
    speaks, wanted = first.speaks, {one.speaks.otherwise for one in members.values() if one.speaks}
    if speaks is not None and len(wanted) > 1:
        speaks = replace(speaks, otherwise="error")
    return replace(first, methods=merged, heads=heads, headless=headless, top=name, speaks=speaks)


def _seeds_known(draft: Draft, stage: MergeStage) -> bool:
    return all(draft.knows(("stages", member), "seed", "after") for member in stage.merge)


def _heads(
    stage: MergeStage, members: Mapping[str, Shape]
) -> tuple[tuple[tuple[str, ...], ...], str]:
    """The heads that a merge may have, or why it has none."""
    if stage.head in members:
        own = members[str(stage.head)]
        return own.heads, own.headless
    heads = tuple(dict.fromkeys(tasks for shape in members.values() for tasks in shape.heads))
    headless = next((shape.headless for shape in members.values() if shape.headless), "")
    weights = stage.shares.everywhere
    if cancel(weights):
        total = f"{sum(weights):.3g}"
        headless = f"the weights sum to {total}, so the heads of the members cancel out"
    return heads, headless


KIND = _Merge()
