"""Greedy soups: the average of those members that help on a dev split (Wortsman et al. 2022)."""

from __future__ import annotations

from adapterxlt.documents.nodes import KeyPath
from adapterxlt.languages import suggest_language
from adapterxlt.recipe.draft import Draft
from adapterxlt.recipe.heads import head_for
from adapterxlt.recipe.shape import ShapeOf
from adapterxlt.recipe.used import tasks_of_heads
from adapterxlt.stages.merging.keys import MergeStage
from adapterxlt.tasks.catalogue import compatible
from adapterxlt.tasks.task_languages import language_in, may_be_in


def check_soup(draft: Draft, name: str, stage: MergeStage, shape_of: ShapeOf) -> None:
    """Whether there is a dev split that the members of a greedy soup can be scored on."""
    at: KeyPath = ("stages", name)
    if not draft.knows(at, "how", "on"):
        return
    if stage.how != "greedy":
        for key in ("on", "dev_cap"):
            if getattr(stage, key) is not None:
                message = "is only used by a greedy soup"
                draft.refuse((*at, key), message, "use `how: greedy`, or leave it out")
        return
    if stage.on is None:
        draft.refuse(
            (*at, "how"),
            "a greedy soup needs a dev split that chooses its members",
            "name its task, for example `on: {task: xnli, language: en}`",
        )
        return
    path: KeyPath = (*at, "on", "task") if (*at, "on", "task") in draft.places else (*at, "on")
    task = draft.task(path, stage.on.task)
    if task is None:
        return
    if "dev" not in task.splits:
        draft.refuse(path, f"`{task.name}` has no dev split", "it has " + ", ".join(task.splits))
        return
    language = language_in(task, stage.on.language)
    if not may_be_in(task, language):
        draft.refuse(
            (*at, "on", "language"),
            f"`{task.name}` has no language `{stage.on.language}`",
            suggest_language(stage.on.language, task.languages),
        )
    known = tasks_of_heads(draft.tasks, draft.used)
    for index, member in enumerate(stage.merge):
        shape = shape_of(member)
        if shape is None or not draft.knows(at, "merge"):
            continue
        own = [known[of] for tasks in shape.heads for of in tasks if of in known]
        where: KeyPath = (*at, "merge", index)
        if shape.headless:
            draft.refuse(
                where, f"`{member}` cannot be scored, because it has no head: {shape.headless}"
            )
        elif shape.speaks is not None and shape.speaks.of(language) != shape.speaks.source:
            draft.refuse(
                (*at, "on"),
                f"`{member}` stands on `{shape.speaks.source}`, which is not the language adapter "
                f"of `{language}`",
                f"choose the members on dev examples in `{shape.speaks.language}`",
            )
        elif own and head_for(own, task) is None:
            reasons = "; ".join(str(compatible(trained, task)) for trained in own)
            draft.refuse(where, f"`{member}` cannot be scored on `{task.name}`: {reasons}")
