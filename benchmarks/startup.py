"""Starting the program and importing the package, against importing torch.

CPU time of processes of their own, which take turns: what else the machine does hardly counts.
The median of the ratios within a round is printed.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import subprocess
import sys

WAYS = {
    "import torch": ["-c", "import torch"],
    "import adapterxlt": ["-c", "import adapterxlt"],
    "adapterxlt --help": ["-m", "adapterxlt", "--help"],
}
AIM = 0.25


def cpu_seconds(arguments: list[str]) -> float:
    """User and system time of one run of Python."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    for arguments in WAYS.values():  # once uncounted: files into the memory, bytecode written
        cpu_seconds(arguments)
    taken = [
        {way: cpu_seconds(arguments) for way, arguments in WAYS.items()} for _ in range(rounds)
    ]
    print("| way | CPU s | x import torch |\n| --- | --- | --- |")
    for way in WAYS:
        seconds = statistics.median(each[way] for each in taken)
        ratio = statistics.median(each[way] / each["import torch"] for each in taken)
        print(f"| {way} | {seconds:.2f} | {ratio:.3f} |")
    print(f"aim: at most {AIM}")


if __name__ == "__main__":
    main()
