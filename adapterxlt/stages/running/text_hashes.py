"""Hashes of the texts that a run trains on and evaluates on, each set read and hashed once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

from adapterxlt.kinds.registry import get_kind
from adapterxlt.plan.plan import Sources
from adapterxlt.recipe.steps import Step
from adapterxlt.recipe.task_data import Part
from adapterxlt.stages.running.contamination import Hashes, hash_texts
from adapterxlt.stages.running.data import evaluation_examples, shot_seed, training_examples
from adapterxlt.stages.running.lexicons import measured_entries, trained_entries
from adapterxlt.tasks.catalogue import Task
from adapterxlt.tasks.find import available_languages
from adapterxlt.tasks.pretraining import used_of
from adapterxlt.tasks.read import read_examples, read_sides
from adapterxlt.tasks.texts import texts_of


class TextHashes:
    """What `hash_texts` gives for the data of a run's steps.

    Each method raises MissingDataError where the data are not there, malformed, or withheld.
    """

    def __init__(self, sources: Sources) -> None:
        self._sources = sources
        self._known: dict[tuple[object, ...], Hashes] = {}

    def trained(self, part: Part, step: Step) -> Hashes:
        """The hashes of one part of the training data of a step."""
        seed = 0 if part.cap is None else step.number("seed")  # which draws the sample
        few = (part.shots, None if part.shots is None else shot_seed(part, step))
        key: tuple[object, ...] = (
            *("train", part.read, part.language, part.split, part.cap, seed),
            *few,
        )
        if "held_out" in step.params:  # words
            key += (step.params["held_out"], step.params["split_seed"])
        if key not in self._known:
            if "held_out" in step.params:
                self._known[key] = hash_texts(trained_entries(step, self._sources)[0].words)
            else:
                examples = training_examples(part, step, self._sources)
                self._known[key] = hash_texts(texts_of(examples))
        return self._known[key]

    def pretrained(self, name: str) -> Hashes:
        """The hashes of the training data of a task, in every language that is here."""
        key = ("seen", name)
        if key not in self._known:
            task, splits = used_of(self._sources.tasks[name])
            found = (
                self._of_split(task, language, split)
                for split in splits
                for language in available_languages(task, self._sources.roots, split)
            )
            self._known[key] = hash_texts(chain.from_iterable(found))
        return self._known[key]

    def lack_pretrained(self, name: str) -> bool:
        """Whether a task has no file in the data folders that `pretrained` could read."""
        task, splits = used_of(self._sources.tasks[name])
        return not any(available_languages(task, self._sources.roots, split) for split in splits)

    def evaluated(self, step: Step, language: str) -> Hashes:
        """The hashes of what a step measures in one language, in all splits."""
        splits = step.items("splits") if "splits" in step.params else [step.text("split")]
        unlabelled = "predictions" in step.params
        if "held_out" in step.params:
            return hash_texts(measured_entries(step, self._sources)[1].words)
        drawn = [step.params[key] for key in ("sample", "seed") if "sample" in step.params]
        key = (step.text("task"), language, *splits, step.params.get("cap"), unlabelled, *drawn)
        if key not in self._known:
            self._known[key] = hash_texts(self._texts(step, language, splits))
        return self._known[key]

    def _texts(self, step: Step, language: str, splits: Sequence[str]) -> Iterator[str]:
        task = self._sources.tasks[step.text("task")]
        if get_kind(task.kind).trainable:
            yield from texts_of(evaluation_examples(step, self._sources, language))
        else:
            for split in splits:
                cap = step.params.get("cap")
                both = read_sides(task, self._sources.roots, language, split, cap)
                yield from chain.from_iterable(both)

    def _of_split(self, task: Task, language: str, split: str) -> Iterable[str]:
        if get_kind(task.kind).trainable:
            return texts_of(read_examples(task, self._sources.roots, language, split))
        return chain.from_iterable(read_sides(task, self._sources.roots, language, split))
