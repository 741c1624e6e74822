"""An encoder that `mteb` can run: `mteb.evaluate(MtebEncoder(...), tasks)`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from adapterxlt.errors import MissingPackageError
from adapterxlt.progress import Progress, Silent
from adapterxlt.search.arrays import Floats, normalise
from adapterxlt.vectors.encode import encode_sentences
from adapterxlt.vectors.identity import encoder_name, encoder_revision, model_state
from adapterxlt.vectors.names import Pooling

if TYPE_CHECKING:
    from adapterxlt.models.build import Built


class MtebEncoder:
    """mteb's `EncoderProtocol` over any composition.

    Args:
        built: the encoder, in evaluation mode.
        layer: hidden layer, 0 = embeddings.
        pooling: as in protocols.
        name: its name in mteb, `owner/name`; None: the name of what was trained. mteb stores
            scores under this name and a revision, which covers everything that changes a vector.
        max_length: tokens per text at most.
        token_budget: padded tokens at most in one forward pass; mteb's own batches are ignored.
    """

    def __init__(
        self,
        built: Built,
        *,
        layer: int,
        pooling: Pooling,
        name: str | None = None,
        max_length: int = 512,
        token_budget: int = 8192,
        progress: Progress | None = None,
    ) -> None:
        self._built, self._layer, self._pooling = built, layer, pooling
        self._name, self._progress = name or encoder_name(built), progress or Silent()
        self._max_length, self._token_budget = max_length, token_budget
        self._revision: tuple[object, str] | None = None  # the state of the model, and its revision

    def encode(
        self,
        inputs: Any,
        *,
        task_metadata: Any,
        hf_split: str,
        hf_subset: str,
        prompt_type: Any = None,
        **kwargs: Any,
    ) -> Floats:
        """Return vectors [n, dim] of all texts of a data loader, in its order."""
        texts = [text for batch in inputs for text in batch["text"]]
        return encode_sentences(
            self._built,
            texts,
            layers=[self._layer],
            pooling=self._pooling,
            max_length=self._max_length,
            token_budget=self._token_budget,
            progress=self._progress,
            label=f"encoding {hf_subset}",
        )[self._layer]

    def similarity(self, embeddings1: Any, embeddings2: Any) -> Any:
        """Return cosines [n, m]."""
        left, right = (_unit(side) for side in (embeddings1, embeddings2))
        return left @ right.T

    def similarity_pairwise(self, embeddings1: Any, embeddings2: Any) -> Any:
        """Return cosines [n] of rows with equal numbers."""
        left, right = (_unit(side) for side in (embeddings1, embeddings2))
        return (left * right).sum(axis=1)

    @property
    def mteb_model_meta(self) -> Any:
        """Facts about the model that mteb writes next to results.

        Raises:
            MissingPackageError: mteb is not installed.
        """
        try:
            from mteb.models import ModelMeta
        except ImportError as error:
            raise MissingPackageError(
                "mteb is not installed", hint='pip install "adapterxlt[mteb]"'
            ) from error
        return ModelMeta.create_empty(
            {
                "name": self._name,
                "revision": self._current_revision(),
                "embed_dim": int(self._built.model.config.hidden_size),
                "max_tokens": self._max_length,
            }
        )

    def _current_revision(self) -> str:
        """Return the revision; computed again only if the model has changed, as mteb asks often."""
        state = model_state(self._built)
        if self._revision is None or state is None or self._revision[0] != state:
            settings = (self._layer, self._pooling, self._max_length)
            self._revision = state, encoder_revision(self._built, *settings)
        return self._revision[1]


def _unit(vectors: Any) -> Floats:
    return normalise(np.atleast_2d(np.asarray(vectors, dtype=np.float32)))
