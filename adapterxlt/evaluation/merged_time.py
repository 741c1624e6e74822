"""Times a LoRA that is merged into the weights against the same LoRA as an adapter."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING

import torch

from adapterxlt.errors import AdapterXLTError
from adapterxlt.evaluation.predict import forward
from adapterxlt.kinds.features import Feature
from adapterxlt.models.clock import Clock
from adapterxlt.models.into_weights import in_weights, why_not
from adapterxlt.models.quiet import quiet
from adapterxlt.progress import Silent
from adapterxlt.token_budget import is_out_of_memory

if TYPE_CHECKING:
    from adapterxlt.models.build import Built

SAMPLE = 32  # examples: enough to tell an adapter's few percent, and few beside an evaluation
_TIMES = 5


def merged_share(
    built: Built, features: Sequence[Feature], kind: str, token_budget: int
) -> float | None:
    """Return the time of forward passes with the LoRA merged, relative to that without merging.

    It is None if the model has nothing that can be merged, or if memory does not suffice for a
    copy of the weights. The model is unchanged afterwards.

    Args:
        built: a model in evaluation mode.
        features: of a sample.
    """
    if built.spec is None or built.spec.setup is None or why_not(built.spec) or not features:
        return None

    def seconds(place: AbstractContextManager[None]) -> float:
        clock = Clock()
        with place:
            for _ in forward(built, features, kind, token_budget, Silent(), "", clock):
                pass
        return clock.seconds

    # Both take turns, as other work on the machine comes and goes. The fastest pass counts, as it
    # was disturbed least.
    rounds = []
    # A mere figure must not end an evaluation. `forward` raises its own error if a single input
    # does not fit beside the copy of the weights; without the copy, every input did.
    try:
        with quiet():  # the library warns in every pass that no adapter is active
            rounds = [(seconds(in_weights(built)), seconds(nullcontext())) for _ in range(_TIMES)]
    except AdapterXLTError:
        pass
    except RuntimeError as error:
        if not is_out_of_memory(error):
            raise
    if not rounds:
        if built.model.device.type == "cuda":
            torch.cuda.empty_cache()
        return None
    return min(merged for merged, _ in rounds) / min(usual for _, usual in rounds)
