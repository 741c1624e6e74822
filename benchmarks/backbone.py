"""Random backbones of the usual sizes, with the bundled tokenizer."""

from __future__ import annotations

from pathlib import Path

MINI = Path(__file__).resolve().parents[1] / "artifacts" / "backbones" / "mini"
SIZES: dict[str, dict[str, int]] = {
    "tiny": {"num_hidden_layers": 2, "hidden_size": 64, "intermediate_size": 128,
             "num_attention_heads": 2},
    "small": {"num_hidden_layers": 4, "hidden_size": 256, "intermediate_size": 1024,
              "num_attention_heads": 4},
    "base": {"num_hidden_layers": 12, "hidden_size": 768, "intermediate_size": 3072,
             "num_attention_heads": 12},
    "large": {"num_hidden_layers": 24, "hidden_size": 1024, "intermediate_size": 4096,
              "num_attention_heads": 16},
}  # fmt: skip


def make_backbone(folder: Path, size: str) -> Path:
    """A random XLM-R of a size, with the vocabulary of `mini`."""
    import torch
    from transformers import AutoTokenizer, XLMRobertaConfig, XLMRobertaForMaskedLM

    tokenizer = AutoTokenizer.from_pretrained(MINI)
    tokenizer.save_pretrained(folder)
    config = XLMRobertaConfig(
        vocab_size=len(tokenizer),
        **SIZES[size],
        max_position_embeddings=514,
        type_vocab_size=1,
        layer_norm_eps=1e-5,
    )
    torch.manual_seed(0)
    XLMRobertaForMaskedLM(config).save_pretrained(folder)
    return folder
