"""The comparisons of a recipe, with the noise of known outcomes or of a guess."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from adapterxlt.errors import MissingDataError
from adapterxlt.execution.results import names_of
from adapterxlt.kinds.registry import get_kind
from adapterxlt.languages import is_among
from adapterxlt.metrics.facts import Metric, facts_of
from adapterxlt.plan.lineage import lineage_of
from adapterxlt.plan.steps import Plan, PlannedStep
from adapterxlt.progress import Progress
from adapterxlt.recipe.kinds import KINDS
from adapterxlt.report.designs import design_of
from adapterxlt.report.paired import judge
from adapterxlt.report.power import LEVEL, Noise, guessed, measured
from adapterxlt.report.read import read_runs
from adapterxlt.report.scopes import Scope, scopes_of, without_losses
from adapterxlt.report.sides import Entrant, baselines_for, kind_of
from adapterxlt.report.systems import Contest, contests, starred, with_outcomes
from adapterxlt.results.cells import seeds_in
from adapterxlt.results.rows import RESULTS_NAME
from adapterxlt.stages.running.context import Context
from adapterxlt.stages.running.lexicons import measured_entries
from adapterxlt.tasks.read import read_bitext, read_examples, read_mining

RESAMPLES = 1000
_GUESSING = "suggest"  # its metrics are guesses, by which no model is better than another


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
        seeds: how many independent ones the recipe has of it: of a nested design those of the
            first stage, of a grid the fewest that a stage has.
        grid: of crossed seeds how many each stage has, else ().
        alone: whether one of the two has a single seed, while the other has several.
        together: how many comparisons of this design are on these examples.
        trained_in: the languages, if only one of the two was trained in them; else ().
    """

    model: str
    baseline: str
    task: str
    split: str
    languages: int
    examples: int
    seeds: int
    grid: tuple[int, ...]
    noise: Noise
    alone: bool = False
    together: int = 1
    trained_in: tuple[str, ...] = ()

    def detectable(self, level: float = LEVEL) -> float:
        """The difference that the recipe can show at a level with the seeds that it has."""
        return self.noise.detectable(
            *(self.grid or (self.seeds,)), alone=self.alone, level=level, together=self.together
        )

    def with_seeds(self, count: int) -> float:
        """The same with so many other seeds in every stage."""
        return self.noise.detectable(count, together=self.together)

    @property
    def design(self) -> tuple[object, ...]:
        """What comparisons have in common whose seeds are looked at together."""
        return (
            self.task,
            self.split,
            self.languages,
            self.seeds,
            self.grid,
            self.alone,
            self.trained_in,
        )

    @property
    def seeds_told(self) -> str:
        """How many seeds, in words."""
        told = " x ".join(map(str, self.grid or (self.seeds,)))
        return f"{told} against 1" if self.alone else told


@dataclass(frozen=True)
class _Asked:
    """A measurement that is compared with another, and what both are except for their seeds.

    Args:
        other: the name of the other model.
        against: the step that trained the other model; None: the bare backbone.
        scope: the languages that they are compared in.
    """

    planned: PlannedStep
    names: Mapping[str, object]
    model: str
    other: str
    baseline: str
    against: str | None
    scope: Scope


def questions(context: Context, plan: Plan, workdir: Path, guess: Guess) -> list[Question]:
    """Every comparison of a recipe by a metric in percent; what differs only in seeds is one.

    Raises:
        MissingDataError: data are missing, or a task has no examples in a language.
    """
    found = list(_questions(context, plan, workdir, guess))
    alike = Counter(one.design for one in found)
    return [replace(one, together=alike[one.design]) for one in found]


def _questions(context: Context, plan: Plan, workdir: Path, guess: Guess) -> Iterator[Question]:
    at_hand = _at_hand(workdir, context.progress)
    for asked in _asked(context, plan):
        planned, scope = asked[0].planned, asked[0].scope
        if _main_metric(planned, context).unit != "percent":
            continue
        task = context.sources.tasks[planned.step.text("task")]
        judged = list(scope.languages)
        sizes = _sizes(planned, context, judged)
        noise = guessed(
            sizes,
            parallel=task.parallel is not None and len(judged) > 1,
            accuracy=guess.accuracy,
            disagreement=guess.disagreement,
            seed_sd=guess.seed_sd,
        )
        models = list(dict.fromkeys(str(one.names["model"]) for one in asked))
        baselines = list(dict.fromkeys(one.other for one in asked))
        shape, alone = _shape(asked, context)
        contest = max(
            (
                one
                for one in at_hand
                if one.models[0].row.task == task.name
                and one.models[0].row.setup == asked[0].model
                and one.baselines[0].row.setup == asked[0].baseline
                and one.trained == scope.trained
            ),
            key=lambda one: len(one.models),  # if several recipes have it
            default=None,
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
            min(shape),
            shape if len(shape) > 1 else (),
            noise,
            alone,
            trained_in=() if scope.trained is None else scope.languages,
        )


def count_of(context: Context, plan: Plan) -> int:
    """How many comparisons a report of this recipe corrects for, whatever their metrics."""
    return len(list(_asked(context, plan)))


def _asked(context: Context, plan: Plan) -> Iterable[list[_Asked]]:
    """What is compared, by what it is except for its seeds, in order of appearance."""
    measured = [
        (planned, names_of(planned, context))
        for planned in plan.steps
        if KINDS[planned.step.kind].measures and planned.step.kind != _GUESSING
    ]
    tables: dict[tuple[object, ...], dict[str, tuple[PlannedStep, dict[str, Any]]]] = {}
    for planned, names in measured:
        at = (names["stage"], names["task"], _split(planned))
        tables.setdefault(at, {})[str(names["model"])] = (planned, names)
    found: dict[tuple[object, ...], list[_Asked]] = {}
    for table in tables.values():
        entrants = {
            model: Entrant(kind_of(str(names["setup"]), model), int(str(names["seed"])))
            for model, (_, names) in table.items()
        }
        named = next((str(names["baseline"]) for _, names in table.values()
                      if names["baseline"]), None)  # fmt: skip
        if named not in table:
            continue
        for model, baselines in baselines_for(entrants, named).items():
            planned, names = table[model]
            for name in baselines:
                step, own = table[name]
                for scope in _scopes(table, model, name):
                    asked = _Asked(
                        *(planned, names, str(names["setup"])),
                        *(name, str(own["setup"]), step.step.model),
                        scope,
                    )
                    kinds = entrants[model].kind, entrants[name].kind
                    found.setdefault((*kinds, scope.languages), []).append(asked)
    return found.values()


def _scopes(
    table: Mapping[str, tuple[PlannedStep, dict[str, Any]]], model: str, baseline: str
) -> list[Scope]:
    """Return the languages of each comparison of two models of a table, as a report has them."""
    trained_in = {name: tuple(map(str, names["trained_in"])) for name, (_, names) in table.items()}
    every = {code for codes in trained_in.values() for code in codes}
    languages = tuple(str(code) for code in table[model][0].step.items("languages"))
    judged = tuple(code for code in languages if not is_among(code, every)) or languages
    own = trained_in[model], trained_in[baseline]
    return without_losses(scopes_of(languages, Scope(judged, ""), own))


def _main_metric(planned: PlannedStep, context: Context) -> Metric:
    return facts_of(context.sources.tasks[planned.step.text("task")].main_metric)


def _shape(asked: list[_Asked], context: Context) -> tuple[tuple[int, ...], bool]:
    """Return how many seeds each varying stage has, and whether one side has a single seed."""
    sides: tuple[list[str | None], list[str | None]] = ([], [])
    for one in asked:
        sides[0].append(one.planned.step.model)
        sides[1].append(one.against)
    models, baselines = (
        [seeds_in(lineage_of(context.plan, step, context.backbone)) for step in dict.fromkeys(side)]
        for side in sides
    )
    counts = [len(side) for side in (models, baselines) if any(side)]
    return design_of(models, baselines).shape, 1 in counts and max(counts) > 1


def _split(planned: PlannedStep) -> str:
    params = planned.step.params
    if params.get("held_out"):  # as the results of a lexicon call it
        return "held-out"
    return ", ".join(params.get("splits") or [params.get("split", "test")])


def _at_hand(workdir: Path, progress: Progress) -> list[Contest]:
    if not (workdir / RESULTS_NAME).is_file():
        return []
    runs = read_runs((workdir,), progress.log)
    return [found for one in contests(runs) if (found := with_outcomes(one))]


def _measured(contest: Contest, guess: Noise) -> Noise:
    [verdict] = judge([contest], resamples=RESAMPLES)
    return guess if verdict is None else measured(verdict, guess)


def _sizes(planned: PlannedStep, context: Context, languages: list[str]) -> list[int]:
    """Return the number of examples of each language; for mining, of gold pairs, and for a
    lexicon, of the entries that are measured."""
    step, roots = planned.step, context.sources.roots
    task = context.sources.tasks[step.text("task")]
    split = [read.split for read in KINDS[step.kind].reads(step, context.sources.tasks)][-1]
    sizes, cap = [], step.params.get("cap")
    for code in languages:
        if step.kind == "probe":
            sizes.append(len(measured_entries(step, context.sources)[1]))
        elif task.kind == "sentence_retrieval":
            sizes.append(len(read_bitext(task, roots, code, split, cap).source))
        elif not get_kind(task.kind).trainable:
            sizes.append(len(read_mining(task, roots, code, "dev", cap).gold or ()))
        else:
            sizes.append(len(read_examples(task, roots, code, split, cap)))
    if not all(sizes):
        raise MissingDataError(f"cannot compute the power: `{task.name}` has no examples")
    return sizes
