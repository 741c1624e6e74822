"""Keeps the weights of the best epoch on dev while training continues."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor, nn

from adapterxlt.metrics.facts import facts_of
from adapterxlt.training.state import trained_tensors

_BEST = "best/"


@dataclass(frozen=True)
class DevScore:
    """The main metric of one task on the first `n` examples of its dev split."""

    task: str
    language: str
    metric: str
    value: float
    n: int


@dataclass(frozen=True)
class EpochScores:
    """The scores of the weights after an epoch.

    Args:
        epoch: counted from 1; the last one may be cut short.
        step: optimizer steps done when it ended.
        value: the number by which epochs are compared, see `merit`.
        scores: one for each task and language.
    """

    epoch: int
    step: int
    value: float
    scores: tuple[DevScore, ...]


def merit(scores: Sequence[DevScore]) -> float:
    """Return the mean of those main metrics for which more is better.

    If all of them are perplexities, it is minus their mean.
    """
    gains = [score.value for score in scores if not facts_of(score.metric).less_is_better]
    values = gains or [-score.value for score in scores]
    return sum(values) / len(values)


class BestEpoch:
    """Scores a model at the end of every epoch and keeps the weights of the best one.

    If several epochs are equally good, the first one counts.

    Args:
        ends: the optimizer steps after which an epoch ends.
        score: scores the model as it is, in evaluation mode. Equal weights must get equal scores.
        tell: called with a line of text after every epoch.
    """

    def __init__(
        self,
        ends: Iterable[int],
        score: Callable[[], Sequence[DevScore]],
        tell: Callable[[str], None],
    ) -> None:
        self.ends = tuple(ends)
        self.epochs: list[EpochScores] = []
        self._score = score
        self._tell = tell
        self._weights: dict[str, Tensor] = {}

    @property
    def kept(self) -> EpochScores:
        """The best epoch so far."""
        return max(self.epochs, key=lambda epoch: epoch.value)  # the first one of equals

    def epoch_done(self, model: nn.Module, step: int) -> None:
        """Score the model, without any effect on the training that continues."""
        modes = {module: module.training for module in model.modules()}
        head = getattr(model, "active_head", None)
        model.eval()
        try:
            scores = tuple(self._score())
        finally:
            for module, training in modes.items():
                module.training = training
            if head is not None:
                model.active_head = head
        epoch = EpochScores(self.ends.index(step) + 1, step, merit(scores), scores)
        self.epochs.append(epoch)
        if self.kept is epoch:
            self._weights = {
                name: parameter.detach().cpu().clone()
                for name, parameter in trained_tensors(model).items()
            }
        self._tell(f"epoch {epoch.epoch} of {len(self.ends)}: dev {_words(scores)}")

    def restore(self, model: nn.Module) -> None:
        """Give the model the weights of the best epoch."""
        with torch.no_grad():
            for name, parameter in trained_tensors(model).items():
                parameter.copy_(self._weights[name])

    def tensors(self) -> dict[str, Tensor]:
        """The tensors of its state, for a checkpoint."""
        return {_BEST + name: tensor for name, tensor in self._weights.items()}

    def state(self) -> list[dict[str, Any]]:
        """The rest of its state as JSON data; floats survive JSON exactly."""
        return [asdict(epoch) for epoch in self.epochs]

    def resume(self, tensors: Mapping[str, Tensor], state: Sequence[Mapping[str, Any]]) -> None:
        """Continue from what `tensors` and `state` returned."""
        self.epochs = [
            EpochScores(**{**epoch, "scores": tuple(DevScore(**one) for one in epoch["scores"])})
            for epoch in state
        ]
        self._weights = {
            name.removeprefix(_BEST): tensor
            for name, tensor in tensors.items()
            if name.startswith(_BEST)
        }


def _words(scores: Sequence[DevScore]) -> str:
    return ", ".join(
        f"{score.task} {score.language} {score.metric} {score.value:.1f}" for score in scores
    )
