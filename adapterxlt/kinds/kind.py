"""The description of a kind of tasks, without torch."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from adapterxlt.kinds.workings import Workings


@dataclass(frozen=True)
class Head:
    """How a kind's head travels to other libraries.

    Args:
        adapters: its type in `adapters`, as `head_config.json` says it.
        form: the form in which it is built here, as `adapters` says it; no other is read.
        transformers: the end of the name of its class there: `ForSequenceClassification`.
        peft: its task type in PEFT; None if that has none.
        labelled: whether its outputs have names.
        problem: what transformers calls such a problem, where its class serves several.
        outputs: how many it has, where that is fixed.
        choices: whether it takes several rows an example.
        tied: whether it is the backbone's own, with the word embeddings as its last layer.
    """

    adapters: str
    form: Mapping[str, object]
    transformers: str
    peft: str | None = None
    labelled: bool = False
    problem: str | None = None
    outputs: int | None = None
    choices: bool = False
    tied: bool = False


@dataclass(frozen=True)
class Kind:
    """One kind of tasks.

    Args:
        name: as entries of the catalogue name it.
        title: its name in a sentence, if that is not `name`.
        example: the class of its examples, a dataclass with an `id`; of a kind without workings,
            of what is read at once.
        pipeline: what the Hub calls such tasks.
        workings_at: where the rest of it is, as `module:NAME`; "" for what is neither trained on
            nor predicted.
        is_labelled: whether an example has what is to be predicted.
        texts: the texts that a model reads of an example.
        head: its head; None for a kind without workings.
        any_text: whether any text of any language serves.
        predicts: whether a model predicts something of each example; if not, its loss is measured.
        spans: whether the answer is a part of a context, which is read in windows.
        chooses: whether one of a model's outputs is chosen; if not, each says something by itself.
        metrics: what is measured where a task does not say; the first is the one that counts.
        metrics_of_several: the same where an example may have several labels.
        mines: whether translations are to be mined from two texts that are in no order; else what
            is retrieved are those in the same order.
        several: whether an example of it may have several labels (`multi_label`).
        class_of: the one class of an example, by number or by name; None where it has none, or
            several parts with one each.
        classes: the classes that `suggest` tells apart, in words, where they are not those of
            examples or words; see `Workings.points`.
        given: makes an unlabelled example of what a user gives to be predicted, and of an id; a
            ValueError says what is wrong with it, in words that follow "an input". None: only
            examples are taken.
        of_words: whether such an input is a list of words.
        revision: raised when another thing is predicted by the same model than before.
    """

    name: str
    example: type
    pipeline: str
    title: str = ""
    metrics: tuple[str, ...] = ()
    metrics_of_several: tuple[str, ...] = ()
    workings_at: str = ""
    is_labelled: Callable[[Any], bool] = field(default=lambda example: True)
    texts: Callable[[Any], tuple[str, ...]] = field(default=lambda example: ())
    head: Head | None = None
    any_text: bool = False
    predicts: bool = True
    spans: bool = False
    chooses: bool = False
    mines: bool = False
    several: bool = False
    class_of: Callable[[Any], object] | None = None
    classes: str = ""
    given: Callable[[object, str], Any] | None = None
    of_words: bool = False
    revision: int = 0

    @property
    def trainable(self) -> bool:
        """Whether models can be trained on such tasks; otherwise `retrieve` measures them."""
        return bool(self.workings_at)

    @property
    def has_classes(self) -> bool:
        """Whether features of its examples, or of parts of them, belong to classes."""
        return self.class_of is not None or self.of_words or bool(self.classes)

    @property
    def takes_choices(self) -> bool:
        """Whether an input has several rows."""
        return self.head is not None and self.head.choices

    @property
    def tied_head(self) -> bool:
        """Whether the head is the backbone's own, with the word embeddings as its last layer."""
        return self.head is not None and self.head.tied

    @property
    def words(self) -> str:
        """Its name in a sentence."""
        return self.title or self.name.replace("_", " ")

    @cached_property
    def workings(self) -> Workings:
        """The parts that need torch; imported when they are first used."""
        module, _, name = self.workings_at.partition(":")
        made: Workings = getattr(import_module(module), name)()
        return made
