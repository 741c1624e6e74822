"""Gives transformers a view of a backbone's folder, without files or keys that run code."""

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
    """Yield a temporary folder with links to the backbone's own files, and with checked settings.

    It omits other files that transformers would use by itself: an `adapter_config.json` (whose
    model would be loaded instead), chat templates, `generation_config.json`, and code.

    Raises:
        MissingBackboneError: a setting would run code, or its value is impossible.
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
