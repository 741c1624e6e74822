"""python -m tools.studies WORKDIR OUT: copies what `report` reads of a work folder."""

from __future__ import annotations

import argparse
from pathlib import Path

from tools.studies.measured import keep_measured

if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tools.studies", description=__doc__)
    parser.add_argument("workdir", type=Path)
    parser.add_argument("out", type=Path)
    arguments = parser.parse_args()
    kept = keep_measured(arguments.workdir, arguments.out)
    size = sum((arguments.out / path).stat().st_size for path in kept)
    print(f"{arguments.out}: {len(kept)} files, {size / 1e6:.1f} MB")
