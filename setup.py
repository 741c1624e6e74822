"""Puts `artifacts/` and `recipes/` into built wheels; everything else is in setup.cfg.

In a checkout (and an editable install) both folders are read where they lie. A wheel has no
folder above the package, so they are copied to `adapterxlt/_bundled/` inside it.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

FOLDERS = ("artifacts", "recipes")


class BuildWithBundled(build_py):
    """The usual build, plus the folders that are bundled beside the package."""

    def run(self) -> None:
        super().run()
        if self.editable_mode:
            return
        for name in FOLDERS:
            target = Path(self.build_lib) / "adapterxlt" / "_bundled" / name
            shutil.copytree(name, target, dirs_exist_ok=True)


setup(cmdclass={"build_py": BuildWithBundled})
