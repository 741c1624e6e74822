"""Encoded examples kept on disk, found again by what they were made of.

Stages that train on, or evaluate, the same examples with the same tokenizer share one file. It
holds plain arrays (never pickle); one that is damaged is made anew.
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

from adapterxlt.batching.encode import Feature, Label, encode
from adapterxlt.errors import AdapterXLTError
from adapterxlt.store.atomic import replacing
from adapterxlt.tasks.types import Example, Kind

VERSION = 2  # raise it when `encode` changes what it returns
KINDS: tuple[Kind, ...] = ("pair_classification", "tagging", "span_qa", "multiple_choice")
LIMIT_BYTES = 4 << 30  # of one folder; what was not used for the longest time goes first
_NOT_CONTEXT = -1  # where a token of a question answering input is not of the context

Ints = npt.NDArray[np.int32]
T = TypeVar("T")


def encode_cached(
    folder: Path | None,
    examples: Sequence[Example],
    tokenizer: PreTrainedTokenizerBase,
    kind: Kind,
    *,
    max_length: int,
    doc_stride: int,
    labelled: bool,
) -> list[Feature]:
    """`encode`, or what it returned for the same examples, tokenizer and settings before.

    Args:
        folder: where encoded examples are kept; made if need be. None: nowhere.

    Raises:
        MissingDataError, AdapterXLTError: as `encode`.
    """

    def make() -> list[Feature]:
        return encode(
            examples,
            tokenizer,
            kind,
            max_length=max_length,
            doc_stride=doc_stride,
            labelled=labelled,
        )

    if folder is None or kind not in KINDS:
        return make()
    settings = [VERSION, kind, max_length, doc_stride, labelled, _tokenizer_hash(tokenizer)]
    return _kept(folder / f"{_key(settings, examples)}.npz", kind, make)


def _kept(path: Path, kind: Kind, make: Callable[[], list[Feature]]) -> list[Feature]:
    try:
        with np.load(path, allow_pickle=False) as arrays:
            features = _unpack({name: arrays[name] for name in arrays.files}, kind)
        os.utime(path)
        return features
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
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
    # Left behind by whoever called it last.
    state["truncation"] = state["padding"] = None
    known = [state, tokenizer.special_tokens_map, tokenizer.model_max_length]
    return hashlib.sha256(json.dumps(known, sort_keys=True, default=str).encode()).hexdigest()


def _write(path: Path, arrays: dict[str, Ints]) -> None:
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


def _pack(features: Sequence[Feature]) -> dict[str, Ints]:
    """Features as flat arrays; `x_sizes` says how many of `x` belong to each."""
    arrays: dict[str, Ints] = {"example": _ints(feature.example for feature in features)}
    rows = [row for feature in features for row in feature.input_ids]
    ragged: dict[str, Sequence[Sequence[int]]] = {
        "ids": rows,
        "labels": [_flat_label(feature.label) for feature in features],
        "words": [list(chain(*feature.word_positions)) for feature in features],
        "offsets": [
            [place for span in feature.offsets for place in span or (_NOT_CONTEXT, _NOT_CONTEXT)]
            for feature in features
        ],
    }
    for name, lists in ragged.items():
        arrays[name] = _ints(chain.from_iterable(lists))
        arrays[f"{name}_sizes"] = _ints(map(len, lists))
    arrays["rows_sizes"] = _ints(len(feature.input_ids) for feature in features)
    return arrays


def _unpack(arrays: dict[str, Ints], kind: Kind) -> list[Feature]:
    spans: list[tuple[int, int] | None] = list(_pairs(arrays["offsets"]))
    for place in np.flatnonzero(arrays["offsets"][::2] == _NOT_CONTEXT).tolist():
        spans[place] = None
    columns = zip(
        arrays["example"].tolist(),
        _split(list(_split(arrays["ids"].tolist(), arrays["ids_sizes"])), arrays["rows_sizes"]),
        _split(arrays["labels"].tolist(), arrays["labels_sizes"]),
        _split(_pairs(arrays["words"]), arrays["words_sizes"] // 2),
        _split(spans, arrays["offsets_sizes"] // 2),
        strict=True,
    )
    return [
        Feature(example, rows, _label(label, kind), words, offsets)
        for example, rows, label, words, offsets in columns
    ]


def _pairs(values: Ints) -> list[tuple[int, int]]:
    return list(zip(values[::2].tolist(), values[1::2].tolist(), strict=True))


def _split(values: list[T], sizes: Ints) -> Iterator[list[T]]:
    ends = [0, *accumulate(sizes.tolist())]
    if ends[-1] != len(values):
        raise ValueError("sizes that do not fit")
    for start, end in pairwise(ends):
        yield values[start:end]


def _flat_label(label: Label | None) -> list[int]:
    if label is None:
        return []
    return [label] if isinstance(label, int) else list(label)


def _label(values: list[int], kind: Kind) -> Label | None:
    if not values:
        return None
    if kind == "tagging":
        return values
    return (values[0], values[1]) if kind == "span_qa" else values[0]


def _ints(values: Iterable[int]) -> Ints:
    return np.fromiter(values, dtype=np.int32)
