"""A trained model, or a bare backbone, with the methods that users call."""

from __future__ import annotations

import weakref
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, overload

from adapterxlt.applying.heads import Heads
from adapterxlt.applying.inputs import examples_of, is_one
from adapterxlt.applying.source import Source
from adapterxlt.applying.spoken import Spoken
from adapterxlt.applying.weights import Weights
from adapterxlt.arguments import check_text
from adapterxlt.errors import UsageError
from adapterxlt.kinds.answers import Answer
from adapterxlt.kinds.facts import Example
from adapterxlt.kinds.registry import get_kind
from adapterxlt.models.spec import ModelSpec, read_spec
from adapterxlt.plan.lineage import describe
from adapterxlt.progress import Progress
from adapterxlt.recipe.schema import Training
from adapterxlt.recipe.used import languages_of
from adapterxlt.stages.use.settings import trained_by
from adapterxlt.tasks.catalogue import Catalogue, Task
from adapterxlt.vectors.names import Pooling

if TYPE_CHECKING:
    from adapterxlt.models.build import Built
    from adapterxlt.search.arrays import Floats


class Model:
    """A trained model, or a bare backbone, that predicts and encodes; made by `load`.

    Example:
        >>> nli = xlt.load("artifacts/adapters/nli")
        >>> answer = nli.predict(("A man is asleep.", "A man is awake."))
        >>> answer.label, len(answer.scores)
        ('contradiction', 3)
        >>> nli.encode(["Good morning.", "Guten Morgen."]).shape
        (2, 192)
    """

    def __init__(
        self,
        source: Source,
        tasks: Catalogue,
        spoken: Spoken,
        device: str,
        token_budget: int,
        progress: Progress,
        stack: ExitStack,
    ) -> None:
        self._source, self._catalogue, self._spoken = source, tasks, spoken
        self._weights = Weights(source, spoken, device)
        self._token_budget, self._progress = token_budget, progress
        self._specs = [read_spec(folder) for _, folder in source.members]
        self._heads = Heads(source.name, self._specs, tasks)
        weakref.finalize(self, stack.close)  # removes the folder of an unpacked file

    def __repr__(self) -> str:
        task = f", predicts {', '.join(self.tasks)}" if self.tasks else ""
        return f"<adapterxlt.Model {self.name}: {self.lineage}{task}>"

    @property
    def name(self) -> str:
        """The name under which the model was loaded."""
        return self._source.name

    @property
    def lineage(self) -> str:
        """The training steps behind the model, backbone first: `mini > mnli (seq_bn)`."""
        manifest = self._source.manifest
        return self._source.backbone.name if manifest is None else describe(manifest.lineage)

    @property
    def fingerprint(self) -> str | None:
        """The fingerprint of the model (64 hex digits); None for a bare backbone."""
        return None if self._source.manifest is None else self._source.manifest.fingerprint

    @property
    def backbone(self) -> str:
        """The name of the backbone."""
        return self._source.backbone.name

    @property
    def layers(self) -> int:
        """The number of layers of the encoder; layer 0 is the embeddings."""
        return self._source.backbone.layers

    @property
    def tasks(self) -> tuple[str, ...]:
        """The tasks that the model predicts, one per head; () if it has no head."""
        return tuple(head.task for head in self._spec.heads) if self._spec else ()

    @property
    def task(self) -> str | None:
        """The first of `tasks`, which is the default of `predict`."""
        return next(iter(self.tasks), None)

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels of `task`; () for tasks without labels, such as question answering."""
        return self._spec.heads[0].labels if self._spec and self._spec.heads else ()

    @property
    def languages(self) -> tuple[str, ...]:
        """The languages of the labelled training data; all other languages are zero-shot."""
        kinds = {name: task.kind for name, task in self._catalogue.items()}
        return tuple(sorted(languages_of(self._source.lineage, kinds)))

    @property
    def language_adapters(self) -> tuple[str, ...]:
        """The languages for which the model has a language adapter; see `predict`."""
        return tuple(self._spoken.folders) if len(self._specs) == 1 else ()

    @overload
    def predict(
        self,
        inputs: str | tuple[Any, ...] | dict[str, Any] | Example,
        *,
        task: str | None = None,
        language: str | None = None,
    ) -> Any: ...

    @overload
    def predict(
        self, inputs: Iterable[Any], *, task: str | None = None, language: str | None = None
    ) -> list[Any]: ...

    def predict(self, inputs: Any, *, task: str | None = None, language: str | None = None) -> Any:
        """Predict one or many inputs, with scores.

        The predictions are the same as in an evaluation. The form of an input depends on the task:
        a text, a tuple of two texts (premise and hypothesis), a tuple (question, context), a tuple
        (context, choices), a list of words to tag, a mapping with these as keys, or an example of
        the task's kind. One input gives one answer; a list or another iterable gives a list of
        answers in the same order. Use `stream` for very many inputs, to keep only a part of them
        in memory.

        Long contexts and long sentences are read in windows. Other inputs that are too long are
        cut as in evaluation, and their answers have `truncated` set. An answer depends only on
        its own input, not on the other inputs of the call.

        Args:
            inputs: one input or many.
            task: the task to predict, if the model predicts several tasks, or a task with the same
                labels (such as `xnli` for a model of `mnli`); default: `self.task`.
            language: the language whose adapter to use, for a model that stands on language
                adapters; default: the language that it was trained with.

        Returns:
            A `PredictedLabel`, `PredictedLabels`, `PredictedValue`, `PredictedSpan`,
            `PredictedTags` or `PredictedChoice`, depending on the task; or a list of them.

        Raises:
            UsageError: the model does not predict this task, or an input does not fit the task.

        Example:
            >>> qa = xlt.load("artifacts/adapters/qa")
            >>> context = "The river Nile flows through Egypt."
            >>> answer = qa.predict(("Which river flows through Egypt?", context))
            >>> answer.text == context[answer.start:answer.end]
            True
        """
        wanted = self.entry(task)
        if is_one(inputs, get_kind(wanted.kind)):
            return next(self.stream([inputs], task=task, language=language))
        return list(self.stream(inputs, task=task, language=language))

    def stream(
        self, inputs: Iterable[Any], *, task: str | None = None, language: str | None = None
    ) -> Iterator[Any]:
        """Predict many inputs one after the other, as `predict` does, with limited memory.

        The method reads some thousands of inputs at a time and batches them by length.

        Args:
            inputs: inputs as for `predict`, for example from a generator or a file.
            task: as for `predict`.
            language: as for `predict`.

        Raises:
            UsageError: the model does not predict this task (raised at once), or an input does not
                fit the task (raised when the input is reached).

        Example:
            >>> pos = xlt.load("artifacts/adapters/pos")
            >>> sentences = (line.split() for line in ["A dog barks .", "It rains ."])
            >>> [answer.tags[-1] for answer in pos.stream(sentences)]
            ['PUNCT', 'PUNCT']
        """
        wanted = self.entry(task)
        if language is not None:
            self.check_language(language)
        return self._answers(examples_of(inputs, wanted.kind), wanted, language)

    def encode(
        self,
        sentences: str | Iterable[str],
        *,
        layer: int | None = None,
        pooling: Pooling = "mean",
        language: str | None = None,
        max_length: int = 512,
        prefix: str | None = None,
    ) -> Floats:
        """Encode sentences: the hidden states of one layer, pooled over the tokens.

        Middle layers find translations better than the last layer. `adapterxlt retrieve` and
        `retrieve` stages measure all layers.

        Args:
            sentences: one text, or many.
            layer: a layer from 0 (embeddings) to `self.layers`, or counted from the end, where -1
                is the last layer; default: the last layer.
            pooling: `mean` of all tokens, `mean-no-special` (without <s> and </s>), `cls` (the
                first token) or `max`.
            language: as for `predict`.
            max_length: maximum length of a sentence in subwords; longer sentences are cut, also at
                the limit of the model.
            prefix: text to put before each sentence, for encoders that expect one ("query: ").

        Returns:
            float32 [sentences, width]; for one text, [width].

        Raises:
            UsageError: the layer or pooling does not exist, or the model is an ensemble of several
                encoders.

        Example:
            >>> xlt.load("mini").encode("Good morning.", layer=2).shape
            (192,)
        """
        from adapterxlt.applying import encoding

        chosen = encoding.layer_of(layer, self.layers, self.backbone)
        encoding.check_pooling(pooling, max_length)
        alone = isinstance(sentences, str)
        if prefix is not None:
            check_text(prefix, "prefix")
        texts = encoding.texts_among([sentences] if alone else sentences)
        vectors = encoding.vectors_of(
            self.encoder(language),
            texts,
            layer=chosen,
            pooling=pooling,
            max_length=max_length,
            token_budget=self._token_budget,
            progress=self._progress,
            prefix=prefix,
        )
        return vectors[0] if alone else vectors

    def encoder(self, language: str | None = None) -> Built:
        """The model in memory, for other rooms of the project.

        Raises:
            UsageError: it is an ensemble, which has several encoders.
        """
        if len(self._specs) > 1:
            raise UsageError(f"{self.name}: is an ensemble of several encoders", hint=_MEMBER)
        [(_, built)] = self._weights.members(language)
        return built

    def entry(self, name: str | None = None) -> Task:
        """Return the catalogue entry of a task that the model predicts: kind, labels, metrics.

        Args:
            name: the task, as for `predict`.

        Raises:
            UsageError: the model does not predict this task, or has no head.

        Example:
            >>> xlt.load("artifacts/adapters/qa").entry("xquad").kind
            'span_qa'
        """
        return self._heads.task(name)

    def check_language(self, language: str) -> None:
        """Check that there is a language adapter for a language.

        Raises:
            UsageError: there is none, or the model does not stand on language adapters.
        """
        self._weights.check_language(language)

    @property
    def _spec(self) -> ModelSpec | None:
        return self._specs[0] if self._specs else None

    def _answers(
        self, examples: Iterator[Example], task: Task, language: str | None
    ) -> Iterator[Answer]:
        from adapterxlt.applying.outputs import Settings, answers_to

        heads = self._heads.of(task)
        trained = trained_by(self._source.lineage, self.tasks, Training())
        limit = self._source.backbone.max_length
        settings = Settings(
            min(trained.lengths[heads[0]], limit), trained.doc_stride, self._token_budget
        )

        def members() -> Sequence[tuple[float, Built]]:
            loaded = self._weights.members(language)
            for (_, built), head in zip(loaded, heads, strict=True):
                built.use_head(head)
            return loaded

        yield from answers_to(examples, members, task, settings, self._progress)


_MEMBER = "load one of its members to encode with it"
