"""A composed encoder as the first module of a sentence-transformers model.

sentence-transformers finds this class by the name in an exported model's `modules.json`; such a
model therefore needs adapterxlt to be installed. It holds the backbone and the trained parts
whole, as adapterxlt itself keeps them.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from sentence_transformers.base.modules import InputModule

from adapterxlt.models.build import Built
from adapterxlt.retrieval.encode import pool_texts
from adapterxlt.retrieval.encoder import load_encoder
from adapterxlt.retrieval.protocols import Pooling

BACKBONE_FOLDER = "backbone"
ARTIFACT_FOLDER = "artifact"


class ComposedEncoder(InputModule):  # type: ignore[misc]
    """Pooled vectors of one layer of a composition.

    Args:
        built: the encoder, in evaluation mode.
        artifact: folder of what was trained; None for the bare backbone.
        layer: hidden layer, 0 = embeddings.
        pooling: as in protocols.
        max_length: tokens a text at most.
    """

    config_keys: list[str] = ["layer", "pooling", "max_length"]  # noqa: RUF012
    save_in_root = False

    def __init__(
        self,
        built: Built,
        artifact: Path | None,
        *,
        layer: int,
        pooling: Pooling,
        max_length: int,
    ) -> None:
        super().__init__()
        self.model = built.model
        self.tokenizer = built.tokenizer
        self.layer, self.pooling, self.max_length = layer, pooling, max_length
        self._built, self._artifact = built, artifact

    def preprocess(self, inputs: list[Any], prompt: str | None = None, **_: Any) -> dict[str, Any]:
        """Padded token ids and mask of texts."""
        texts = [(prompt or "") + str(text) for text in inputs]
        limit = min(self.max_length, self.tokenizer.model_max_length)
        return dict(
            self.tokenizer(
                texts, truncation=True, max_length=limit, padding=True, return_tensors="pt"
            )
        )

    def forward(self, features: dict[str, Any], **_: Any) -> dict[str, Any]:
        """Add `sentence_embedding` [batch, dim]."""
        features["sentence_embedding"] = pool_texts(
            self._built, features["input_ids"], features["attention_mask"], self.layer, self.pooling
        )
        return features

    def get_embedding_dimension(self) -> int:
        """Size of a vector."""
        return int(self.model.config.hidden_size)

    get_sentence_embedding_dimension = get_embedding_dimension

    def save(self, output_path: str, *args: Any, **kwargs: Any) -> None:
        """Copy the backbone and the trained parts into the model's folder."""
        folder = Path(output_path)
        shutil.copytree(self._built.backbone.path, folder / BACKBONE_FOLDER, dirs_exist_ok=True)
        if self._artifact is not None:
            shutil.copytree(self._artifact, folder / ARTIFACT_FOLDER, dirs_exist_ok=True)
        self.save_config(output_path)

    @classmethod
    def load(cls, model_name_or_path: str, subfolder: str = "", **kwargs: Any) -> ComposedEncoder:
        """Load from a local folder or the Hub."""
        names = ("token", "cache_folder", "revision", "local_files_only")
        place = {name: kwargs[name] for name in names if name in kwargs}
        config = cls.load_config(model_name_or_path, subfolder=subfolder, **place)
        folder = Path(cls.load_dir_path(model_name_or_path, subfolder=subfolder, **place))
        artifact = folder / ARTIFACT_FOLDER
        trained = artifact if artifact.is_dir() else None
        built = load_encoder(str((folder / BACKBONE_FOLDER).resolve()), trained)
        return cls(built, trained, **config)
