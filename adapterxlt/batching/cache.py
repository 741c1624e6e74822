"""Keeps encoded examples on disk, under a hash of everything they were made from.

Stages that use the same examples with the same tokenizer share one file. It has plain arrays (never
pickle), and a damaged file is written again.
"""

from __future__ import annotations

import hashlib
import json
import os
import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from functools import lru_cache
from itertools import accumulate, chain, pairwise
from pathlib import Path
from typing import Any, TypeVar, cast

import numpy as np
import numpy.typing as npt
from transformers import PreTrainedTokenizerBase

from adapterxlt.batching.encode import encode
from adapterxlt.errors import AdapterXLTError
from adapterxlt.kinds.facts import Example
from adapterxlt.kinds.features import Feature, Label
from adapterxlt.kinds.registry import get_kind
from adapterxlt.store.atomic import replacing

VERSION = 3  # raise it when `encode` changes what it returns
LIMIT_BYTES = 4 << 30  # of one folder; the least recently used files are removed first
_NOT_CONTEXT = -1  # the place of a question answering token that is not in the context

Ints = npt.NDArray[np.int32]
_FORMS = (type(None), int, float, tuple, list)  # types that a label can have
Arrays = dict[str, npt.NDArray[Any]]
T = TypeVar("T")


def encode_cached(
    folder: Path | None,
    examples: Sequence[Example],
    tokenizer: PreTrainedTokenizerBase,
    kind: str,
    *,
    max_length: int,
    doc_stride: int,
    labelled: bool,
    labels: Sequence[str] = (),
) -> list[Feature]:
    """Encode examples, or read what `encode` returned for the same arguments before.

    Args:
        folder: where encoded examples are kept; created if necessary. None: nowhere.

    Raises:
        MissingDataError, AdapterXLTError: see `encode`.
    """

    def make() -> list[Feature]:
        return encode(
            examples,
            tokenizer,
            kind,
            max_length=max_length,
            doc_stride=doc_stride,
            labelled=labelled,
            labels=labels,
        )

    # Plain text is encoded as fast as it is read, and there may be a lot of it.
    if folder is None or not get_kind(kind).predicts:
        return make()
    named = list(labels) if labelled else []
    settings = [VERSION, kind, max_length, doc_stride, labelled, named, _tokenizer_hash(tokenizer)]
    return _kept(folder / f"{_key(settings, examples)}.npz", make)


def _kept(path: Path, make: Callable[[], list[Feature]]) -> list[Feature]:
    try:
        with np.load(path, allow_pickle=False) as arrays:
            features = _unpack({name: arrays[name] for name in arrays.files})
        os.utime(path)
        return features
    except (OSError, ValueError, KeyError, IndexError, EOFError, zipfile.BadZipFile):
        pass  # not there, or damaged
    features = make()
    with suppress(OSError, AdapterXLTError):  # a full or read-only disk costs time only
        _write(path, _pack(features))
    return features


def _key(settings: Sequence[object], examples: Iterable[Example]) -> str:
    digest = hashlib.sha256(json.dumps(settings).encode())
    for example in examples:
        digest.update(repr(example).encode("utf-8", "surrogatepass"))
    return digest.hexdigest()


@lru_cache(maxsize=4)
def _tokenizer_hash(tokenizer: PreTrainedTokenizerBase) -> str:
    state = json.loads(cast(Any, tokenizer).backend_tokenizer.to_str())
    # Left over from the last call of the tokenizer.
    state["truncation"] = state["padding"] = None
    known = [state, tokenizer.special_tokens_map, tokenizer.model_max_length]
    return hashlib.sha256(json.dumps(known, sort_keys=True, default=str).encode()).hexdigest()


def _write(path: Path, arrays: Arrays) -> None:
    with replacing(path) as (file, _):
        np.savez(file, **cast(Any, arrays))
    _make_room(path)


def _make_room(newest: Path) -> None:
    files = [(file.stat(), file) for file in newest.parent.glob("*.npz") if file != newest]
    left = LIMIT_BYTES - newest.stat().st_size
    for status, file in sorted(files, key=lambda item: -item[0].st_mtime_ns):
        left -= status.st_size
        if left < 0:
            file.unlink(missing_ok=True)


def _pack(features: Sequence[Feature]) -> Arrays:
    """Features as flat arrays; `x_sizes` says how many of `x` belong to each."""
    arrays: Arrays = {"example": _ints(feature.example for feature in features)}
    rows = [row for feature in features for row in feature.input_ids]
    ragged: dict[str, Sequence[Sequence[int]]] = {
        "ids": rows,
        "words": [list(chain(*feature.word_positions)) for feature in features],
        "offsets": [
            [place for span in feature.offsets for place in span or (_NOT_CONTEXT, _NOT_CONTEXT)]
            for feature in features
        ],
    }
    for name, lists in ragged.items():
        arrays[name] = _ints(chain.from_iterable(lists))
        arrays[f"{name}_sizes"] = _ints(map(len, lists))
    labels = [_flat_label(feature.label) for feature in features]
    flat = list(chain.from_iterable(labels))
    exact = np.float64 if any(isinstance(value, float) for value in flat) else np.int32
    arrays["labels"] = np.asarray(flat, dtype=exact)
    arrays["labels_sizes"] = _ints(map(len, labels))
    arrays["label_forms"] = _ints(_FORMS.index(type(feature.label)) for feature in features)
    arrays["rows_sizes"] = _ints(len(feature.input_ids) for feature in features)
    return arrays


def _unpack(arrays: Arrays) -> list[Feature]:
    spans: list[tuple[int, int] | None] = list(_pairs(arrays["offsets"]))
    for place in np.flatnonzero(arrays["offsets"][::2] == _NOT_CONTEXT).tolist():
        spans[place] = None
    columns = zip(
        arrays["example"].tolist(),
        _split(list(_split(arrays["ids"].tolist(), arrays["ids_sizes"])), arrays["rows_sizes"]),
        _split(arrays["labels"].tolist(), arrays["labels_sizes"]),
        arrays["label_forms"].tolist(),
        _split(_pairs(arrays["words"]), arrays["words_sizes"] // 2),
        _split(spans, arrays["offsets_sizes"] // 2),
        strict=True,
    )
    return [
        Feature(example, rows, _label(label, _FORMS[form]), words, offsets)
        for example, rows, label, form, words, offsets in columns
    ]


def _pairs(values: Ints) -> list[tuple[int, int]]:
    return list(zip(values[::2].tolist(), values[1::2].tolist(), strict=True))


def _split(values: list[T], sizes: Ints) -> Iterator[list[T]]:
    ends = [0, *accumulate(sizes.tolist())]
    if ends[-1] != len(values):
        raise ValueError("sizes that do not fit")
    for start, end in pairwise(ends):
        yield values[start:end]


def _flat_label(label: Label | None) -> list[int] | list[float]:
    if label is None:
        return []
    return list(label) if isinstance(label, tuple | list) else [label]


def _label(values: list[int], form: type) -> Label | None:
    if form is list:
        return values
    if form is tuple:
        return values[0], values[1]
    return values[0] if values else None


def _ints(values: Iterable[int]) -> Ints:
    return np.fromiter(values, dtype=np.int32)
