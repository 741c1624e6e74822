"""Choose the members of a greedy soup: sorted by dev, each kept if dev does not fall with it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from adapterxlt.devices import find_device
from adapterxlt.models.build import Built
from adapterxlt.plan.steps import PlannedStep
from adapterxlt.stages.running.context import Context
from adapterxlt.stages.running.data import dev_examples
from adapterxlt.stages.training.dev import score_on_dev
from adapterxlt.tasks.label_file import with_labels
from adapterxlt.training.best_epoch import DevScore, merit


@dataclass(frozen=True)
class Tried:
    """One member of a soup.

    Args:
        member: its address, which is the same whatever its stage is called.
        alone: its score on dev.
        score: that of the soup with it.
        kept: whether it was.
    """

    member: str
    alone: DevScore
    score: DevScore
    kept: bool


@dataclass(frozen=True)
class Soup:
    """What was chosen.

    Args:
        weights: of the members as the stage lists them.
        tried: the members in the order in which they were tried.
    """

    weights: list[float]
    tried: list[Tried]

    def told(self) -> dict[str, object]:
        """As the artifact's metrics say it."""
        first = self.tried[0].alone
        return {
            "task": first.task,
            "language": first.language,
            "metric": first.metric,
            "examples": first.n,
            "members": [
                {
                    "member": one.member,
                    "alone": one.alone.value,
                    "soup": one.score.value,
                    "kept": one.kept,
                }
                for one in self.tried
            ],
        }


def choose(planned: PlannedStep, context: Context, make: Callable[[list[float]], Built]) -> Soup:
    """Score the members of a step, and the soups that they make.

    Args:
        make: the merge by these weights.

    Raises:
        MissingDataError: there is no dev data, or its labels are withheld.
    """
    step, inputs = planned.step, planned.step.inputs
    settings = step.params["greedy"]
    (part,) = step.dev_parts()
    examples = dev_examples(part, context.sources)
    roots = context.sources.roots
    task = with_labels(context.sources.tasks[part.task], roots, part.language, part.split)

    def score(built: Built) -> DevScore:
        built.use_head(settings["head"])
        return score_on_dev(built, task, part, examples, settings["doc_stride"], context)

    def of_soup(kept: Sequence[int]) -> DevScore:
        built = make(_shares(kept, len(inputs)))
        built.move(find_device(context.device))
        return score(built)

    alone = [score(context.load(name)) for name in inputs]
    context.forget()
    addresses = [context.plan.by_id(name).fingerprint for name in inputs]
    # Of equal ones the order is that of their addresses, however they are listed.
    order = sorted(range(len(inputs)), key=lambda i: (-merit([alone[i]]), addresses[i]))
    kept, best, tried = [order[0]], alone[order[0]], []
    tried.append(Tried(addresses[order[0]], best, best, True))
    for index in order[1:]:
        found = of_soup([*kept, index])
        helps = merit([found]) >= merit([best])
        tried.append(Tried(addresses[index], alone[index], found, helps))
        if helps:
            kept, best = [*kept, index], found
    for index, one in zip(order, tried, strict=True):
        said = "kept" if one.kept else "left out"
        context.progress.log(
            f"{step.id}: {inputs[index]} alone {one.alone.value:.1f}, the soup with it "
            f"{one.score.value:.1f} ({one.score.metric} of {part.task} {part.language} dev): {said}"
        )
    names = ", ".join(inputs[index] for index in kept)
    context.progress.log(f"{step.id}: the soup is of {len(kept)} of {len(inputs)} members: {names}")
    return Soup(_shares(kept, len(inputs)), tried)


def _shares(kept: Sequence[int], count: int) -> list[float]:
    return [1 / len(kept) if index in kept else 0.0 for index in range(count)]
