"""Makes small curves of training losses, one panel for each training; the page draws them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from adapterxlt.results.training import Training

WIDTH, HEIGHT = 220, 66
LEFT, RIGHT, TOP, BOTTOM = 34, 8, 8, 6
_TOLD = 10  # how many losses the note of a curve lists


@dataclass(frozen=True)
class Curve:
    """The losses of one training.

    Args:
        name: the stage before it, its method and its seed, in words.
        figures: its steps, examples, losses and dev scores, in words.
        points: the points of the line, as x and y in pixels.
        ends: x of the end of each epoch that was scored on dev, in pixels.
        top, bottom: the losses at the ends of the axis.
        tip: the losses at some steps, one line each.
    """

    name: str
    figures: str
    points: Sequence[tuple[float, float]]
    ends: Sequence[float]
    top: str
    bottom: str
    tip: str


def courses(trainings: Iterable[Training]) -> list[tuple[str, list[Curve]]]:
    """Return the curves of trainings whose losses were kept, by task; a task has one axis."""
    tasks: dict[str, list[Training]] = {}
    for one in trainings:
        if one.course is not None:
            tasks.setdefault(one.task, []).append(one)
    return [(task, _of_task(own)) for task, own in tasks.items()]


def _of_task(trained: Sequence[Training]) -> list[Curve]:
    every = [loss for one in trained if one.course for loss in one.course.losses]
    low, high = min(every), max(every)
    return [_curve(one, low, high) for one in trained]


def _curve(one: Training, low: float, high: float) -> Curve:
    course = one.course
    assert course is not None

    def x(step: float) -> float:
        return round(LEFT + min(1.0, step / course.steps) * (WIDTH - LEFT - RIGHT), 1)

    def y(loss: float) -> float:
        share = (high - loss) / (high - low) if high > low else 0.5
        return round(TOP + share * (HEIGHT - TOP - BOTTOM), 1)

    ends = [min(course.steps, (at + 1) * course.window) for at in range(len(course.losses))]
    name = ", ".join(
        [
            f"after {one.before}" if one.before else "directly",
            one.method,
            *([] if one.seed is None else [f"seed {one.seed}"]),
        ]
    )
    every = max(1, -(-len(ends) // _TOLD))
    told = sorted({*range(every - 1, len(ends), every), len(ends) - 1})
    span = f"means of {course.window} steps" if course.window > 1 else "of single steps"
    lines = [f"{one.task}, {name}", f"losses, {span}:"]
    lines += [f"until step {ends[at]:,}: {shown(course.losses[at])}" for at in told]
    lines += [f"dev after step {step:,}: {value:.1f}" for step, value in course.dev]
    return Curve(
        name=name,
        figures=_figures(one),
        points=[(x(end), y(loss)) for end, loss in zip(ends, course.losses, strict=True)],
        ends=[x(step) for step, _ in course.dev],
        top=shown(high),
        bottom=shown(low),
        tip="\n".join(lines),
    )


def _figures(one: Training) -> str:
    course = one.course
    assert course is not None
    last = course.losses[-1] if one.loss is None else one.loss
    found = [
        f"{course.steps:,} step{'s' * (course.steps > 1)}",
        *([] if one.examples is None else [f"{one.examples:,} examples"]),
        f"loss {shown(course.losses[0])} → {shown(last)}",
    ]
    if course.dev:
        values = [value for _, value in course.dev]
        count = "" if one.dev_examples is None else f" of {one.dev_examples:,} examples"
        found.append(f"dev{count} {values[0]:.1f} → {values[-1]:.1f}, best {max(values):.1f}")
    return "; ".join(found)


def shown(loss: float) -> str:
    """Write a loss in about three digits, which fit beside a small curve."""
    return f"{loss:.3f}" if loss < 0.1 else f"{loss:.2f}" if loss < 100 else f"{loss:.0f}"
