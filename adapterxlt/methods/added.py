"""Finds methods that installed packages add: new names for configurations of the table's methods.

An entry point of the group `adapterxlt.methods` names a text that is a method as recipes write it:

    [project.entry-points."adapterxlt.methods"]
    wide_bn = "my_package:WIDE_BN"      # WIDE_BN = "seq_bn[reduction_factor=4]"

The text is recorded with the trained model, which thus works where the package is not installed.
"""

from __future__ import annotations

from collections.abc import Collection

from adapterxlt import plugins
from adapterxlt.methods.table import METHODS


def added() -> Collection[str]:
    """Return the names of the methods that packages add.

    Raises:
        PluginError: such a name is already in the table.
    """
    return plugins.added("methods", METHODS, "method").keys()


def meaning(name: str) -> str:
    """Return the text that an added method stands for.

    Raises:
        PluginError: the package cannot be used.
    """
    text = plugins.load("methods", name)
    if not isinstance(text, str):
        raise plugins.PluginError(
            f"`{name}` of {plugins.origin(plugins.entries('methods')[name])} is not a method",
            hint='a package must add a method as a string, such as "seq_bn[reduction_factor=4]"',
        )
    return text
