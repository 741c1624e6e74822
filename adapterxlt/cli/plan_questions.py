"""The comparisons of a recipe, with the noise of known outcomes or of a guess."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from adapterxlt.errors import MissingDataError
from adapterxlt.execution.results import names_of
from adapterxlt.kinds.registry import get_kind
from adapterxlt.plan.steps import Plan, PlannedStep
from adapterxlt.recipe.kinds import KINDS
from adapterxlt.report.paired import judge
from adapterxlt.report.power import Noise, guessed
from adapterxlt.report.read import read_runs
from adapterxlt.report.systems import Contest, contests, starred, with_outcomes
from adapterxlt.results.rows import RESULTS_NAME
from adapterxlt.stages.running.context import Context
from adapterxlt.tasks.read import read_bitext, read_examples, read_mining

RESAMPLES = 1000


@dataclass(frozen=True)
class Guess:
    """The user's expectations; see `report.power.guessed`."""

    accuracy: float
    disagreement: float | None
    seed_sd: float


@dataclass(frozen=True)
class Question:
    """One comparison that a recipe makes.

    Args:
        languages: how many the difference is over; `examples` of all of them together.
        seeds: how many the recipe has of it.
    """

    model: str
    baseline: str
    task: str
    split: str
    languages: int
    examples: int
    seeds: int
    noise: Noise


@dataclass(frozen=True)
class _Asked:
    """A measurement that is compared with another, and what both are but for their seeds."""

    planned: PlannedStep
    names: Mapping[str, object]
    model: str
    baseline: str


def questions(context: Context, plan: Plan, workdir: Path, guess: Guess) -> Iterator[Question]:
    """Every comparison of a recipe; what differs in nothing but seeds is one."""
    at_hand = _at_hand(workdir, context.recipe.name)
    for asked in _asked(context, plan):
        planned, names = asked[0].planned, asked[0].names
        task = context.sources.tasks[planned.step.text("task")]
        languages = [str(code) for code in planned.step.items("languages")]
        trained_in = names["trained_in"]
        assert isinstance(trained_in, tuple)
        judged = [code for code in languages if code not in trained_in] or languages
        sizes = _sizes(planned, context, judged)
        noise = guessed(
            sizes,
            parallel=task.parallel is not None and len(judged) > 1,
            accuracy=guess.accuracy,
            disagreement=guess.disagreement,
            seed_sd=guess.seed_sd,
        )
        models = list(dict.fromkeys(str(one.names["model"]) for one in asked))
        baselines = list(dict.fromkeys(str(one.names["baseline"]) for one in asked))
        contest = next(
            (
                one
                for one in at_hand
                if one.models[0].row.task == task.name
                and one.models[0].row.setup == asked[0].model
                and one.baselines[0].row.setup == asked[0].baseline
            ),
            None,
        )
        if contest is not None:
            noise = _measured(contest, noise)
        yield Question(
            starred(models),
            starred(baselines),
            task.name,
            _split(planned),
            len(judged),
            sum(sizes),
            max(len(models), len(baselines)),
            noise,
        )


def _asked(context: Context, plan: Plan) -> Iterable[list[_Asked]]:
    """What is compared, by what it is but for its seeds, in order of appearance."""
    measured = [
        (planned, names_of(planned, context))
        for planned in plan.steps
        if KINDS[planned.step.kind].measures
    ]
    setups = {(names["stage"], names["model"]): str(names["setup"]) for _, names in measured}
    found: dict[tuple[object, ...], list[_Asked]] = {}
    for planned, names in measured:
        if names["baseline"]:
            baseline = setups.get((names["stage"], names["baseline"]), "")
            asked = _Asked(planned, names, str(names["setup"]), baseline)
            found.setdefault((asked.model, baseline), []).append(asked)
    return found.values()


def _split(planned: PlannedStep) -> str:
    params = planned.step.params
    return ", ".join(params.get("splits") or [params.get("split", "test")])


def _at_hand(workdir: Path, recipe: str) -> list[Contest]:
    if not (workdir / RESULTS_NAME).is_file():
        return []
    runs = [run for run in read_runs((workdir,)) if run.recipe == recipe]
    return [found for one in contests(runs) if (found := with_outcomes(one))]


def _measured(contest: Contest, guess: Noise) -> Noise:
    [verdict] = judge([contest], resamples=RESAMPLES)
    if verdict is None:
        return guess
    seeds = min(len(contest.models), len(contest.baselines))
    found = replace(guess, examples=verdict.found.examples, source="outcomes of 1 seed")
    if seeds > 1:
        source = f"outcomes of {seeds} seeds"
        found = replace(found, seed=verdict.found.seeds * seeds, source=source)
    return found


def _sizes(planned: PlannedStep, context: Context, languages: list[str]) -> list[int]:
    """Return the number of examples of each language, or of gold pairs for mining."""
    step, roots = planned.step, context.sources.roots
    task = context.sources.tasks[step.text("task")]
    sizes = []
    for code in languages:
        if task.kind == "sentence_retrieval":
            sizes.append(len(read_bitext(task, roots, code).source))
        elif not get_kind(task.kind).trainable:
            sizes.append(len(read_mining(task, roots, code, "dev").gold or ()))
        else:
            cap = step.params.get("cap")
            sizes.append(len(read_examples(task, roots, code, step.text("split"), cap)))
    if not all(sizes):
        raise MissingDataError(f"cannot compute the power: `{task.name}` has no examples")
    return sizes
