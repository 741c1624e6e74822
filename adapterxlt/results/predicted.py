"""What was predicted for every example, where outcomes have only its scores.

PREDICTED_NAME lies beside the outcomes of a measurement. It holds JSON: for each language the
predictions as texts, in the order of its outcomes. Reports do not read it.
"""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from adapterxlt.errors import InvalidArtifactError
from adapterxlt.show import brief
from adapterxlt.store.atomic import replacing
from adapterxlt.store.compressed import compressing

PREDICTED_NAME = "predicted.json.gz"
PREDICTED_SCHEMA = 1
LARGEST = 1 << 30  # bytes that one file may have when it is unpacked
IN_COLUMNS = ("predicted", "predicted_value")  # of outcomes that have the prediction themselves


def are_in(columns: Collection[str]) -> bool:
    """Whether the columns of outcomes have the predictions, so that no texts are needed."""
    return any(name in columns for name in IN_COLUMNS)


def write_predicted(folder: Path, texts: Mapping[str, Sequence[str]]) -> None:
    """Write the predictions of a measurement by language; nothing if there are none."""
    if not texts:
        return
    path = folder / PREDICTED_NAME
    document = {"schema": PREDICTED_SCHEMA, "predicted": texts}
    text = json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    with replacing(path) as (file, _), compressing(file, path) as stream:
        stream.write(text.encode("utf-8", "replace"))  # half a character of JSON data is lost


def read_predicted(folder: Path) -> dict[str, list[str]]:
    """Read the predictions of a measurement; {} if it has none.

    Raises:
        InvalidArtifactError: the file is damaged.
    """
    path = folder / PREDICTED_NAME
    try:
        with gzip.open(path) as stream:
            content = stream.read(LARGEST + 1)
        if len(content) > LARGEST:
            raise ValueError("its unpacked size exceeds the limit of 1 GiB")
        document = json.loads(content)
        if document["schema"] != PREDICTED_SCHEMA:
            raise ValueError(f"its schema is {brief(document['schema'])}, not {PREDICTED_SCHEMA}")
        found: dict[str, list[str]] = document["predicted"]
        for texts in found.values():
            "".join(texts).encode()  # fails unless all are whole texts
        return found
    except FileNotFoundError:
        return {}
    except (
        OSError,
        EOFError,
        zlib.error,
        ValueError,
        KeyError,
        TypeError,
        AttributeError,
        RecursionError,
    ) as error:
        raise InvalidArtifactError(
            f"{path}: does not hold valid predictions: {brief(error)}"
        ) from None
