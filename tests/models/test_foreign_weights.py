"""The backbone's own tensors, which heads of other libraries may rest on."""

import json
import shutil

from safetensors.torch import load_file, save_file

from adapterxlt.backbones.architectures.xlm_roberta import XLM_ROBERTA
from adapterxlt.backbones.check import inspect_backbone
from adapterxlt.backbones.files import INDEX, WEIGHTS
from adapterxlt.models.foreign_weights import UNTIED, unread_head


def test_shards_may_have_any_name(tiny_backbone, tmp_path):
    """Which files hold the weights is what the index says, and no other file counts."""
    folder = tmp_path / "sharded"
    shutil.copytree(tiny_backbone, folder)
    tensors = load_file(folder / WEIGHTS)
    (folder / WEIGHTS).unlink()
    save_file(tensors, folder / "part-1.safetensors")
    weight_map = dict.fromkeys(tensors, "part-1.safetensors")
    (folder / INDEX).write_text(json.dumps({"metadata": {}, "weight_map": weight_map}))
    words = next(
        tensor for key, tensor in tensors.items() if XLM_ROBERTA.word_embeddings.endswith(key)
    )
    decoder = tmp_path / "head.safetensors"
    names = {"lm_head.decoder.weight": "lm_head.decoder.weight"}
    for key in ("dense.weight", "dense.bias", "layer_norm.weight", "layer_norm.bias", "bias"):
        names[f"lm_head.{key}"] = f"lm_head.{key}"
    backbone = inspect_backbone("sharded", folder)
    save_file({"lm_head.decoder.weight": words}, decoder)
    assert unread_head(names, "mlm", backbone, decoder) == ""
    save_file({"lm_head.decoder.weight": words + 1}, decoder)
    assert unread_head(names, "mlm", backbone, decoder) == UNTIED
