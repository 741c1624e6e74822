"""Reads what a data folder states about itself, in a file that is copied with it.

    languages: [en, de, sw]

means that `languages: all` includes these too, if there are files in them. The bundled data have
such a file, as no benchmark lists their languages. Any other folder may have one too.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from adapterxlt.errors import MissingDataError
from adapterxlt.show import brief

DESCRIPTION_NAME = "adapterxlt-data.yaml"
_MAX_BYTES = 1 << 16
_Code = Annotated[str, Field(pattern=r"^[a-z]{2,3}(-[A-Za-z]+)?$")]


class _Description(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    languages: frozenset[_Code]


def stated_languages(folder: Path) -> frozenset[str]:
    """Return the languages that a folder states for its data; none if it states nothing.

    Raises:
        MissingDataError: the statement cannot be read.
    """
    path = folder / DESCRIPTION_NAME
    if not path.is_file():
        return frozenset()
    try:
        with path.open("rb") as stream:
            content = stream.read(_MAX_BYTES + 1)
        if len(content) > _MAX_BYTES:
            raise MissingDataError(f"{path}: is too long")
        # Every value is read as text, so that `no` (Norwegian) does not become false.
        found = yaml.load(content, Loader=yaml.BaseLoader)
        return _Description.model_validate(found).languages
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(brief(part) for part in first["loc"])
        problem = f"{key}: {first['msg']}" if key else first["msg"]
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = f"line {mark.line + 1}: " if mark else ""
        problem = f"{line}{error.problem or error.context}"
    except (OSError, yaml.YAMLError, ValueError, RecursionError) as error:
        problem = brief(getattr(error, "strerror", None) or str(error).splitlines()[0])
    raise MissingDataError(
        f"{path}: {problem}",
        hint="write a line such as `languages: [en, de, sw]` in it, or remove the file",
    )
