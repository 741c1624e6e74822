"""python -m tools.pocket OUT_DIR [--seed 1]: writes the whole data set."""

from __future__ import annotations

import argparse
from pathlib import Path

from tools.pocket.build import build

if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tools.pocket", description=__doc__)
    parser.add_argument("out_dir", type=Path)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    build(arguments.out_dir, arguments.seed)
