"""python -m tools.studies WORKDIR OUT: copies what `report` reads of a work folder.

python -m tools.studies --renew KEPT: gives such a copy the setups of this version.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from tools.studies.measured import keep_measured
from tools.studies.renewed import renew_setups

if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tools.studies", description=__doc__)
    parser.add_argument("workdir", type=Path, nargs="?")
    parser.add_argument("out", type=Path, nargs="?")
    parser.add_argument("--renew", type=Path, metavar="KEPT")
    arguments = parser.parse_args()
    if arguments.renew is not None:
        print(f"{arguments.renew}: {renew_setups(arguments.renew)} rows have another setup")
    elif arguments.workdir is None or arguments.out is None:
        parser.error("give WORKDIR and OUT, or --renew KEPT")
    else:
        kept = keep_measured(arguments.workdir, arguments.out)
        size = sum((arguments.out / path).stat().st_size for path in kept)
        print(f"{arguments.out}: {len(kept)} files, {size / 1e6:.1f} MB")
