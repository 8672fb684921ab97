"""What a command costs before it does anything: cold processes, as ratios to an empty one and to another checkout.

    python benchmarks/cold_start.py
    python benchmarks/cold_start.py --against ../before

All are run in turn, and the least of each counts: the rest is other work on the machine. CPU time is user plus system
time, and is the steadier of the two figures. The last line is `spacelang.load` in a running process.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path
from resource import RUSAGE_CHILDREN, getrusage
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
COMMANDS = {
    "an empty process": ["-c", "pass"],
    "import spacelang": ["-c", "import spacelang"],
    "spacelang --version": ["-m", "spacelang.cli", "--version"],
    "spacelang check specs/vnni.space": ["-m", "spacelang.cli", "check", "specs/vnni.space"],
    "spacelang fmt specs/vnni.space": ["-m", "spacelang.cli", "fmt", "specs/vnni.space"],
    "spacelang show specs/vnni.space": ["-m", "spacelang.cli", "show", "specs/vnni.space"],
}
LOAD = """
import time, spacelang
def once():
    start = time.perf_counter()
    spacelang.load("specs/vnni.space")
    return time.perf_counter() - start
print(min(once() for _ in range(30)))
"""


class Cost(NamedTuple):
    wall: float
    cpu: float


def cost(arguments: list[str], tree: Path) -> Cost:
    """The time of one process, in seconds, on the sources in `tree`."""
    before, start = getrusage(RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run([sys.executable, *arguments], cwd=tree, env=_environment(tree), capture_output=True, check=True)
    wall, after = time.perf_counter() - start, getrusage(RUSAGE_CHILDREN)
    return Cost(wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


def load_seconds(tree: Path) -> float:
    run = subprocess.run(
        [sys.executable, "-c", LOAD], cwd=tree, env=_environment(tree), capture_output=True, text=True, check=True
    )
    return float(run.stdout)


def _environment(tree: Path) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(tree)}


def least(arguments: list[str], trees: list[Path], runs: int) -> list[Cost]:
    """For each tree, in turns."""
    turns = [[cost(arguments, tree) for tree in trees] for _ in range(runs)]
    return [Cost(min(each.wall for each in of), min(each.cpu for each in of)) for of in zip(*turns, strict=True)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--against", type=Path, help="another checkout")
    parser.add_argument("--runs", type=int, default=15)
    options = parser.parse_args()
    trees = [ROOT] if options.against is None else [ROOT, options.against.resolve()]
    empty = Cost(0.0, 0.0)
    for name, arguments in COMMANDS.items():
        found = least(arguments, trees, options.runs)
        here = found[0]
        empty = here if not empty.wall else empty
        line = f"{name:34} {here.wall * 1000:5.0f} ms, CPU {here.cpu * 1000:5.0f} ms  {here.wall / empty.wall:5.1f} ×"
        if len(found) > 1:
            there = found[1]
            line += (
                f" | there {there.wall * 1000:5.0f} ms, CPU {there.cpu * 1000:5.0f} ms:"
                f" {here.wall / there.wall:.2f} of the time, {here.cpu / there.cpu:.2f} of the CPU"
            )
        print(line, flush=True)
    loads = [min(each) for each in zip(*([load_seconds(tree) for tree in trees] for _ in range(3)), strict=True)]
    print(f"{'spacelang.load(specs/vnni.space)':34} {loads[0] * 1000:5.1f} ms", end="")
    print(f" | there {loads[1] * 1000:5.1f} ms: {loads[0] / loads[1]:.2f}" if len(loads) > 1 else "")


if __name__ == "__main__":
    main()
