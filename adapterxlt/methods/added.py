"""Methods that other installed packages add: names for configurations of those in the table.

An entry point of the group `adapterxlt.methods` names a text as recipes write it:

    [project.entry-points."adapterxlt.methods"]
    wide_bn = "my_package:WIDE_BN"      # WIDE_BN = "seq_bn[reduction_factor=4]"

What is trained is recorded as that text, so that it can be used where the package is not installed.
"""

from __future__ import annotations

from collections.abc import Collection

from adapterxlt import plugins
from adapterxlt.methods.table import METHODS


def added() -> Collection[str]:
    """Names of the methods that packages add.

    Raises:
        PluginError: one hides a method of the table.
    """
    return plugins.added("methods", METHODS, "method").keys()


def meaning(name: str) -> str:
    """The text that an added method stands for.

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
