"""`adapterxlt artifact ...` as a test types it."""

from __future__ import annotations

import json
from typing import Any

from click.testing import CliRunner, Result

from adapterxlt.cli.main import cli


def artifact(*arguments: object) -> Result:
    # Wide enough for the long names of temporary folders.
    wide = {"COLUMNS": "400"}
    return CliRunner().invoke(cli, ["artifact", *map(str, arguments)], env=wide)


def well(*arguments: object) -> Result:
    result = artifact(*arguments)
    assert result.exit_code == 0, result.output
    return result


def document(*arguments: object) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(well(*arguments, "--json").stdout)
    assert found["schema"] == 1
    return found


def fails(code: int, message: str, *arguments: object) -> None:
    result = artifact(*arguments)
    assert result.exit_code == code, result.output
    assert message in result.stderr
    assert "Traceback" not in result.output
