"""A composed encoder as the first module of a sentence-transformers model.

sentence-transformers finds this class by its name in an exported model's `modules.json`, so such a
model needs adapterxlt to be installed. The model holds the complete backbone and trained parts in
adapterxlt's own format.
"""

from __future__ import annotations

import copy
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from sentence_transformers.base.modules import InputModule
from torch import Tensor

from adapterxlt.backbones.check import files_of, inspect_backbone
from adapterxlt.errors import AdapterXLTError
from adapterxlt.models.build import Built
from adapterxlt.models.head_classes import keep_lowest
from adapterxlt.models.load import load
from adapterxlt.vectors.encode import pool_tokens, token_states
from adapterxlt.vectors.names import Pooling

BACKBONE_FOLDER = "backbone"
ARTIFACT_FOLDER = "artifact"


class ComposedEncoder(InputModule):  # type: ignore[misc]
    """Computes the hidden states of one layer of a composition, and their pooled vectors.

    Args:
        built: the encoder, in evaluation mode.
        artifact: folder of the trained parts; None for the bare backbone.
        layer: hidden layer, 0 = embeddings.
        pooling: as in protocols.
        max_length: tokens per text at most.
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
        self.tokenizer = copy.deepcopy(built.tokenizer)  # its limit may be set here
        self.layer, self.pooling = layer, pooling
        self._built, self._artifact = built, artifact
        self._longest = int(built.tokenizer.model_max_length)  # tokens that the model accepts
        self.max_seq_length = max_length

    @property
    def max_seq_length(self) -> int:
        """Tokens per text at most, special ones included; longer texts are cut."""
        return self.max_length

    @max_seq_length.setter
    def max_seq_length(self, value: int | None) -> None:
        # The tokenizer's own limit follows, as in plain models, but never exceeds the model's.
        self.max_length = self._longest if value is None else min(int(value), self._longest)
        self.tokenizer.model_max_length = self.max_length

    def preprocess(
        self,
        inputs: list[Any],
        prompt: str | None = None,
        processing_kwargs: dict[str, Any] | None = None,
        **_: Any,
    ) -> dict[str, Any]:
        """Return padded token ids and mask of texts."""
        given = processing_kwargs or {}
        settings = {"padding": True, "truncation": True, "return_tensors": "pt"}
        texts = [(prompt or "") + str(text) for text in inputs]
        return dict(
            self.tokenizer(
                texts, **{**settings, **given.get("common", {}), **given.get("text", {})}
            )
        )

    def forward(self, features: dict[str, Any], **_: Any) -> dict[str, Any]:
        """Add `token_embeddings` [batch, length, dim] and `sentence_embedding` [batch, dim]."""
        ids, mask = features["input_ids"], features["attention_mask"]
        states = token_states(self._built, ids, mask, self.layer)
        features["token_embeddings"] = states
        features["sentence_embedding"] = pool_tokens(self._built, states, ids, mask, self.pooling)
        return features

    def get_embedding_dimension(self) -> int:
        """Return the size of a vector."""
        return int(self.model.config.hidden_size)

    get_sentence_embedding_dimension = get_embedding_dimension

    def save(self, output_path: str, *args: Any, **kwargs: Any) -> None:
        """Copy the backbone and the trained parts into the model's folder.

        Raises:
            AdapterXLTError: the weights have changed since they were read, and these folders cannot
                hold other ones; or the folders are gone.
        """
        self._check_unchanged()
        folder = Path(output_path)
        backbone = folder / BACKBONE_FOLDER
        backbone.mkdir(parents=True, exist_ok=True)
        for file in files_of(self._built.backbone):
            if file.parent.resolve() != backbone.resolve():  # else it is there already
                shutil.copyfile(file, backbone / file.name)
        artifact = folder / ARTIFACT_FOLDER
        if self._artifact is not None and self._artifact.resolve() != artifact.resolve():
            shutil.copytree(self._artifact, artifact, dirs_exist_ok=True)
        self.save_config(output_path)

    @classmethod
    def load(cls, model_name_or_path: str, subfolder: str = "", **kwargs: Any) -> ComposedEncoder:
        """Load from a local folder or the Hub."""
        names = ("token", "cache_folder", "revision", "local_files_only")
        place = {name: kwargs[name] for name in names if name in kwargs}
        config = cls.load_config(model_name_or_path, subfolder=subfolder, **place)
        folder = Path(cls.load_dir_path(model_name_or_path, subfolder=subfolder, **place)).resolve()
        artifact = folder / ARTIFACT_FOLDER
        return cls._read(folder / BACKBONE_FOLDER, artifact if artifact.is_dir() else None, config)

    @classmethod
    def _read(
        cls, backbone: Path, artifact: Path | None, config: dict[str, Any]
    ) -> ComposedEncoder:
        built = load(inspect_backbone(str(backbone), backbone), artifact)
        keep_lowest(built.model, config["layer"])  # no higher layer is needed
        return cls(built, artifact, **config)

    def _check_unchanged(self) -> None:
        """Refuse to save what was trained in sentence-transformers.

        The lower layers alone, and weights below adapters, are nothing that an artifact can hold.
        """
        self._check_folders()
        saved = load(self._built.backbone, self._artifact).model.base_model.state_dict()
        changed = [
            name
            for name, tensor in self.model.base_model.state_dict().items()
            # Prefixes list copies of themselves when they are used.
            if "pool" not in name.split(".") and not _is_same(tensor, saved.get(name))
        ]
        if changed:
            raise AdapterXLTError(
                f"the weights of this encoder are not those of "
                f"`{self._artifact or self._built.backbone.path}`, from which it was loaded "
                f"({len(changed)} tensors differ, such as {changed[0]}); saving would copy the old "
                "ones",
                hint="train it in a recipe, and export that stage; or keep the weights with "
                "`safetensors.torch.save_model(model, FILE)`, and put them into the exported model "
                "with `load_model`",
            )

    def _check_folders(self) -> tuple[Path, Path | None]:
        """Return the folders of the backbone and of the trained parts."""
        folders = (self._built.backbone.path, self._artifact)
        for folder in folders:
            if folder is not None and not folder.is_dir():
                raise AdapterXLTError(
                    f"`{folder}`, from which this encoder was loaded, no longer exists",
                    hint="a copy or another process reads this folder again; save the model, and "
                    "load it from there",
                )
        return folders

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        """Pickle the folders, which another process reads again, and the current weights.

        Models of `adapters` hold functions that cannot be pickled.
        """
        folders = self._check_folders()
        weights = self.model.base_model.state_dict()
        return _again, (type(self), *folders, self.get_config_dict(), weights, self.training)


def _is_same(tensor: Tensor, saved: Tensor | None) -> bool:
    """Whether a tensor is a saved one, perhaps in another precision or on another device."""
    return saved is not None and torch.equal(tensor.cpu(), saved.to(tensor.dtype))


def _again(
    kind: type[ComposedEncoder],
    backbone: Path,
    artifact: Path | None,
    config: dict[str, Any],
    weights: dict[str, Tensor],
    training: bool,
) -> ComposedEncoder:
    encoder = kind._read(backbone, artifact, config)
    encoder.model.base_model.load_state_dict(weights, assign=True, strict=False)
    encoder.train(training)
    return encoder
