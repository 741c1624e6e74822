"""`adapterxlt doctor`: check versions, devices, data, backbone and disk space."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from adapterxlt.cli.options import (
    data_option,
    json_option,
    print_json,
    workdir_option,
)
from adapterxlt.doctor import examine
from adapterxlt.errors import MissingError
from adapterxlt.execution.opening import data_folders
from adapterxlt.report.console import print_table


@click.command()
@data_option
@workdir_option
@json_option
@click.pass_context
def command(ctx: click.Context, data: tuple[str, ...], workdir: Path, as_json: bool) -> None:
    """Check the installation: versions, devices, data, backbone and disk space.

    With --data DIR, the command also lists the tasks and languages in this folder.
    """
    checks = examine(data_folders(data), workdir)
    if as_json:
        print_json({"checks": [asdict(check) for check in checks]})
    else:
        print_table([asdict(check) for check in checks])
    if any(check.state == "missing" for check in checks):
        ctx.exit(MissingError.exit_code)
