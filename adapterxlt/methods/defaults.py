"""Default learning rates and epochs of methods. No torch."""

from __future__ import annotations

from adapterxlt.methods.parser import parse_method
from adapterxlt.methods.table import METHODS

# Learning rates that the methods' authors or the `adapters` documentation start from:
# full: XTREME's scripts (2e-5 for XNLI, PAWS-X, UDPOS, PAN-X). BitFit: Ben Zaken et al. 2022
# (1e-4 to 1e-3). A head alone: the order of magnitude that is used for linear probes.
# seq_bn and its kin: AdapterHub's training guide and MAD-X (1e-4).
# fusion: AdapterFusion, Pfeiffer et al. 2021 (5e-5). compacter: Mahabadi et al. 2021 (3e-3).
# LoRA and DoRA: Hu et al. 2021 on RoBERTa (4e-4 to 5e-4). VeRA: Kopiczko et al. 2024 on RoBERTa
# (4e-3 and above). (IA)^3: Liu et al. 2022 (3e-3). Prefixes: He et al. 2021 (1e-4 to 2e-4).
# Prompt tuning: 1e-2, the order of the `adapters` examples on encoders (Lester's 0.3 is for T5).
# ReFT: Wu et al. 2024 on RoBERTa (4e-4 to 9e-4). UniPELT: Mao et al. 2022 (5e-4).
_FAMILY_LR: dict[str, float] = {
    "full": 2e-5,
    "bottleneck": 1e-4,
    "lora": 5e-4,
    "prefix": 2e-4,
    "prompt": 1e-2,
    "reft": 6e-4,
    "union": 2e-4,
}
_LR: dict[str, float] = {
    "fusion": 5e-5,
    "bitfit": 5e-4,
    "head": 1e-3,
    "compacter": 3e-3,
    "compacter++": 3e-3,
    "vera": 4e-3,
    "dvora": 4e-3,
    "ia3": 3e-3,
    "unipelt": 5e-4,
}


def default_lr(method: str) -> float:
    """Return a method's peak learning rate if the recipe gives none; `fusion` is AdapterFusion.

    A union has the lowest rate of its parts.
    """
    if method == "fusion":
        return _LR[method]
    return min(
        _LR.get(part.name, _FAMILY_LR[METHODS[part.name].family])
        for part in parse_method(method).parts
    )


def default_epochs(method: str) -> float:
    """Return the epochs of a method if the recipe gives none.

    These are 3 for a full fine-tune (Devlin et al. 2019; XTREME's SQuAD script). Methods that train
    few weights need longer and have 5 (AdapterHub's training guide; XTREME's XNLI script has 5).
    """
    return 3.0 if method != "fusion" and parse_method(method).parts[0].name == "full" else 5.0
