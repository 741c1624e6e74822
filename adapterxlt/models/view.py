"""A view of a backbone's folder for transformers, without files or keys that run code."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from adapterxlt.backbones.backbone import Backbone
from adapterxlt.backbones.check import model_config, tokenizer_documents, weights_index
from adapterxlt.backbones.files import INDEX


@contextmanager
def view(backbone: Backbone) -> Iterator[Path]:
    """A temporary folder of the backbone's own files, by links, and of checked settings.

    What else transformers would act on by itself is not in it: an `adapter_config.json` (it loads
    the model that this names instead), chat templates, `generation_config.json`, code.

    Raises:
        MissingBackboneError: a setting would run code, or cannot be.
    """
    with tempfile.TemporaryDirectory(prefix="adapterxlt-") as aside:
        folder = Path(aside)
        documents: dict[str, object] = {
            "config.json": model_config(backbone),
            **tokenizer_documents(backbone.name, backbone.path, backbone.architecture),
        }
        weights, shards = weights_index(backbone)
        if shards:
            documents[INDEX] = {"metadata": {}, "weight_map": shards}
        for name, content in documents.items():
            (folder / name).write_text(json.dumps(content), encoding="utf-8")
        for path in (
            *weights,
            *(backbone.path / name for name in backbone.architecture.vocabularies),
        ):
            if path.is_file():
                (folder / path.name).symlink_to(path.resolve())
        yield folder
