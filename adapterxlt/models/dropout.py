"""Dropout that is faster on a CPU, with the same distribution as torch's."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import dropout

# Random bits per element. A probability is rounded to a multiple of 2**-16.
BITS = 16


class QuickDropout(nn.Dropout):
    """`nn.Dropout`, but on a CPU four elements share one 64-bit random number.

    On a CPU, torch draws one number per element, one after another, which takes a tenth of a
    training step. On other devices this is plain `nn.Dropout`. As there, kept elements are scaled
    by 1 / (1 - p), and the numbers come from torch's generator, so a seed fixes them.
    """

    def forward(self, input: Tensor) -> Tensor:
        """[*] -> [*], of the same type."""
        threshold = round(self.p * 2**BITS)
        if not self.training or input.device.type != "cpu" or not 0 < threshold < 2**BITS:
            dropped: Tensor = dropout(input, self.p, self.training)
            return dropped
        numbers = torch.empty(-(-input.numel() // 4), dtype=torch.int64)
        numbers.random_(-(2**63), None)  # without these bounds, the sign bit would always be 0
        bits = numbers.view(torch.int16)[: input.numel()].view(input.shape)
        keep = bits >= threshold - 2 ** (BITS - 1)
        noise: Tensor = keep.to(input.dtype).mul_(1 / (1 - self.p))
        return input * noise


def quicken_dropout(model: nn.Module) -> None:
    """Replace every `nn.Dropout` in the model, in place."""
    for parent in model.modules():
        for name, child in parent.named_children():
            if type(child) is nn.Dropout:
                setattr(parent, name, QuickDropout(child.p))
