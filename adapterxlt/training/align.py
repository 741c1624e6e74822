"""Aligns the words of two languages at one layer: the steps of such a training, and its loss."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from adapterxlt.errors import AdapterXLTError, MissingDataError
from adapterxlt.models.head_classes import architecture_of
from adapterxlt.models.parts import Built
from adapterxlt.progress import Progress
from adapterxlt.recipe.schema import Training
from adapterxlt.tasks.lexicon import Lexicon, key_of
from adapterxlt.trackers import Tracking
from adapterxlt.training.steps import StepData, StepSequence, epoch_ends
from adapterxlt.training.train import TrainReport, train_steps
from adapterxlt.vectors.encode import pad_tokens, pool_tokens, token_states
from adapterxlt.vectors.tokens import Tokens, tokenize

Loss = Callable[[Tensor, Tensor, Tensor], Tensor]  # from both sides' vectors and `known`


class WordSteps(StepSequence):
    """All steps of an alignment. Item i is optimizer step i: a batch of entries in one piece.

    Args:
        lexicon: the entries that are trained on.
        tokens: the tokens of all source words, entry by entry, then those of all target words.
        settings: batch size, seed and length of the training.
        pad_id: the padding token.
    """

    def __init__(self, lexicon: Lexicon, tokens: Tokens, settings: Training, pad_id: int) -> None:
        self.tokens = tokens
        self.pad_id = pad_id
        self.batch_size = settings.batch_size
        self.seed = settings.seed or 0
        self.keys = [(key_of(one), key_of(other)) for one, other in lexicon.pairs]
        self.known = lexicon.known
        self.per_epoch = -(-len(lexicon) // settings.batch_size)
        self.total = settings.max_steps or max(1, round((settings.epochs or 1) * self.per_epoch))
        self.epoch_ends = epoch_ends(self.per_epoch, self.total)
        self.tail = max(1, round(0.1 * self.total))

    def __len__(self) -> int:
        return self.total

    def __getitem__(self, step: int) -> StepData:
        epoch, position = divmod(step, self.per_epoch)
        order = np.random.default_rng([self.seed, epoch]).permutation(len(self.keys))
        chosen = order[position * self.batch_size :][: self.batch_size].tolist()
        rows = [self.tokens.row(side * len(self.keys) + row) for side in (0, 1) for row in chosen]
        ids, mask = pad_tokens(rows, self.pad_id)
        known = [
            [(self.keys[one][0], self.keys[other][1]) in self.known for other in chosen]
            for one in chosen
        ]
        return StepData(
            batches=({"input_ids": ids, "attention_mask": mask, "known": torch.tensor(known)},),
            count=len(chosen),
            examples=len(chosen),
            real_tokens=int(mask.sum()),
            padded_tokens=ids.numel(),
            kind="",
        )


def align(
    built: Built,
    lexicon: Lexicon,
    settings: Training,
    *,
    layer: int,
    loss: Loss,
    checkpoints: Path,
    progress: Progress,
    description: str,
    tracking: Tracking | None = None,
) -> TrainReport:
    """Train in place so that words and their translations get similar vectors.

    It trains as `train` does. A word's vector is the mean of its subwords' hidden states at the
    layer. Special tokens are left out, as they are the same in all words. The layers above are
    not computed.

    Args:
        lexicon: the entries to train on.
        layer: number of the hidden state, from 1. All trained tensors must lie below it.

    Raises:
        The errors of `train`; AdapterXLTError also if something above the layer would be trained.
    """
    if len(lexicon) < 2:
        raise MissingDataError("there are fewer than two entries to tell apart")
    assert_below(built, layer)
    words = [pair[side] for side in (0, 1) for pair in lexicon.pairs]
    tokens = tokenize(built, words, settings.max_length, prefix="")  # the same in each
    steps = WordSteps(lexicon, tokens, settings, int(built.tokenizer.pad_token_id))

    def of_piece(model: Any, piece: Any) -> Tensor:
        ids, mask = piece["input_ids"], piece["attention_mask"]
        states = token_states(built, ids, mask, layer)
        vectors = pool_tokens(built, states, ids, mask, "mean-no-special")
        source, target = vectors.chunk(2)
        return loss(source, target, piece["known"])

    return train_steps(
        built,
        steps,
        settings,
        inputs=[len(lexicon), layer],
        checkpoints=checkpoints,
        progress=progress,
        description=description,
        loss=of_piece,
        tracking=tracking,
    )


def assert_below(built: Built, layer: int) -> None:
    """Check that the hidden state of a layer depends on every tensor that is trained.

    Raises:
        AdapterXLTError: some trained tensors lie above the layer; the message lists them.
    """
    architecture = architecture_of(built.model)
    layers = f"{architecture.prefix}{architecture.layers}."
    above = [
        name
        for name, parameter in built.model.named_parameters()
        if parameter.requires_grad
        and name.startswith(layers)
        and int(name.removeprefix(layers).partition(".")[0]) >= layer
    ]
    if above:
        raise AdapterXLTError(
            f"{len(above)} tensors above layer {layer} would be trained: {', '.join(above[:3])}"
        )
