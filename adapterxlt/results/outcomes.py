"""The outcomes of all examples of a measurement: one compressed file of columns per cell.

OUTCOMES_NAME is a numpy archive (`.npz`) without pickles. `index` holds JSON: the task, its
labels, and the blocks, one per language (and split, layer, pooling). Every column has the values of
all blocks, one after the other. Ids that are the numbers from 0 up are not written out.
"""

from __future__ import annotations

import json
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from adapterxlt.errors import InvalidArtifactError
from adapterxlt.results.column_checks import check_columns
from adapterxlt.show import brief
from adapterxlt.store.atomic import replacing

OUTCOMES_NAME = "outcomes.npz"
OUTCOMES_SCHEMA = 1
SEEN = "seen"  # column: whether a text of the example was trained on
GROUP = "group"  # column: examples with the same number are not independent
LARGEST = 1 << 32  # bytes that one file may have when it is unpacked

Column = npt.NDArray[Any]


@dataclass(frozen=True)
class Outcomes:
    """The outcomes of one block: one language, split, layer and pooling.

    Args:
        language, split, layer, pooling: as in the rows of the results.
        ids: ids of the examples, numbers or texts. They are the same for every model; with
            `parallel`, translations of one another have the same id too.
        columns: the outcome of each example, by name; see `metrics.statistics`.
        parallel: whether examples with the same id in other languages are translations.
        labels: what the numbers in `gold` and `predicted` stand for.
        language_adapter: as in the rows of the results.
    """

    language: str
    split: str
    ids: Column
    columns: Mapping[str, Column] = field(default_factory=dict)
    layer: int | None = None
    pooling: str | None = None
    parallel: bool = False
    labels: tuple[str, ...] = ()
    language_adapter: str | None = None

    def __len__(self) -> int:
        return len(self.ids)


def ids_of(names: Sequence[str]) -> Column:
    """Return ids as numbers if all of them are plain numbers, else unchanged.

    If an id occurs several times, the later ones get a number appended.
    """
    if len(set(names)) < len(names):
        times: Counter[str] = Counter()
        numbered = []
        for name in names:
            times[name] += 1
            numbered.append(name if times[name] == 1 else f"{name}#{times[name]}")
        names = numbered
    if all(map(_is_number, names)):
        return np.array([int(name) for name in names], dtype=np.int64)
    return np.array(names, dtype=np.str_)


def _is_number(name: str) -> bool:
    return len(name) < 16 and name.isascii() and name.isdigit() and str(int(name)) == name


def write_outcomes(folder: Path, blocks: Sequence[Outcomes]) -> None:
    """Write the outcomes of a cell; the same outcomes give the same bytes."""
    names = sorted({str(name) for block in blocks for name in _texts(block)})
    places = {name: place for place, name in enumerate(names)}
    ids, index = [], []
    for block in blocks:
        kind, numbers = "names", np.array([places[str(name)] for name in _texts(block)], dtype=int)
        if block.ids.dtype.kind in "iu":
            numbers = block.ids.astype(np.int64)
            kind = "rows" if np.array_equal(numbers, np.arange(len(block))) else "numbers"
        if kind != "rows":
            ids.append(np.diff(numbers, prepend=0))  # neighbouring ids differ little
        index.append(
            {
                "language": block.language,
                "split": block.split,
                "layer": block.layer,
                "pooling": block.pooling,
                "parallel": block.parallel,
                "count": len(block),
                "ids": kind,
                "columns": sorted(block.columns),
                **({"language_adapter": spoken} if (spoken := block.language_adapter) else {}),
            }
        )
    arrays = {"ids": _small(np.concatenate(ids))} if ids else {}
    for name in sorted({name for block in blocks for name in block.columns}):
        listed = [block.columns[name] for block in blocks if name in block.columns]
        arrays[f"column.{name}"] = _small(np.concatenate(listed))
    labels = list(blocks[0].labels) if blocks else []
    document = {
        "schema": OUTCOMES_SCHEMA,
        "labels": labels,
        "names": names,
        "blocks": index,
    }
    text = json.dumps(document, ensure_ascii=False, sort_keys=True).encode()
    with replacing(folder / OUTCOMES_NAME) as (file, _):
        arrays["index"] = np.frombuffer(text, dtype=np.uint8)
        np.savez_compressed(file, **cast(Any, arrays))


def read_outcomes(folder: Path) -> list[Outcomes] | None:
    """Read the outcomes of a cell; None if an earlier version wrote none.

    Raises:
        InvalidArtifactError: the file is damaged, or a column holds what no measurement gives.
    """
    path = folder / OUTCOMES_NAME
    try:
        with zipfile.ZipFile(path) as archive:
            if sum(member.file_size for member in archive.infolist()) > LARGEST:
                raise ValueError("its unpacked size exceeds the limit of 4 GiB")
        with np.load(path, allow_pickle=False) as arrays:
            return list(_blocks({name: arrays[name] for name in arrays.files}))
    except FileNotFoundError:
        return None
    except (
        OSError,
        ValueError,
        KeyError,
        TypeError,
        AttributeError,
        EOFError,
        MemoryError,
        NotImplementedError,
        RecursionError,
        zipfile.BadZipFile,
        zlib.error,
    ) as error:
        raise InvalidArtifactError(
            f"{path}: does not hold valid outcomes: {brief(error)}"
        ) from None


def _blocks(arrays: dict[str, Column]) -> Iterator[Outcomes]:
    document = json.loads(arrays["index"].tobytes().decode())
    if document["schema"] != OUTCOMES_SCHEMA:
        raise ValueError(f"its schema is {brief(document['schema'])}, not {OUTCOMES_SCHEMA}")
    names = np.array(document["names"], dtype=np.str_)
    labels = tuple(map(str, document["labels"]))
    taken = dict.fromkeys(arrays, 0)

    def take(name: str, count: int) -> Column:
        array, start = arrays[name], taken[name]
        if array.dtype.kind not in "biuf" or count < 0 or start + count > len(array):
            raise ValueError(f"`{brief(name)}` does not match the index")
        if not np.isfinite(array[start : start + count]).all():
            raise ValueError(f"`{brief(name)}` holds values that are not finite numbers")
        taken[name] = start + count
        return array[start : start + count]

    for block in document["blocks"]:
        count = int(block["count"])
        if not 0 <= count <= LARGEST or (count and not block["columns"]):
            raise ValueError("the index has an impossible count")
        columns = {str(name): take(f"column.{name}", count) for name in block["columns"]}
        check_columns(columns, flags=SEEN)
        if block["ids"] == "rows":
            ids: Column = np.arange(count)
        else:
            ids = np.cumsum(take("ids", count), dtype=np.int64)
            if len(ids) != count:
                raise ValueError("`ids` does not match the index")
            if block["ids"] == "names":
                if count and (ids.min() < 0 or ids.max() >= len(names)):
                    raise ValueError("ids without a name")
                ids = names[ids]
        layer, pooling = block["layer"], block["pooling"]
        spoken = block.get("language_adapter")
        yield Outcomes(
            language=str(block["language"]),
            split=str(block["split"]),
            ids=ids,
            columns=columns,
            layer=None if layer is None else int(layer),
            pooling=None if pooling is None else str(pooling),
            parallel=bool(block["parallel"]),
            labels=labels,
            language_adapter=None if spoken is None else str(spoken),
        )


def _texts(block: Outcomes) -> Column:
    return block.ids if block.ids.dtype.kind == "U" else np.empty(0, dtype=np.str_)


def _small(array: Column) -> Column:
    """Return whole numbers in the smallest type that holds them."""
    if array.dtype.kind not in "iu" or not array.size:
        return array
    low, high = int(array.min()), int(array.max())
    return array.astype(np.result_type(np.min_scalar_type(low), np.min_scalar_type(high)))
