"""How many architectures' costs `spacelang.costs` finds in a second: PYTHONPATH=. python benchmarks/costs.py [NUMBER]

Each line is a process of its own, so that nothing is known from before. Processor time, the least of three: for the
first call, and for one over other architectures of the same space.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROUNDS = 3
SPACES = ("vnni", "pixel4", "vnni_released", "spaceevo_vnni", "ofa_resnet50")
SPECS = Path(__file__).resolve().parents[1] / "specs"
PROGRAM = """
import sys, time
import spacelang
space, number = spacelang.load(sys.argv[1]), int(sys.argv[2])
for seed in range(2):
    drawn = spacelang.sample(space, number, seed)
    begun = time.process_time()
    spacelang.costs(space, drawn)
    print(time.process_time() - begun)
"""


def seconds(name: str, number: int) -> list[float]:
    """The least processor time of the first call and of the second."""
    command = [sys.executable, "-c", PROGRAM, str(SPECS / f"{name}.space"), str(number)]
    runs = [subprocess.run(command, check=True, capture_output=True, text=True).stdout for _ in range(ROUNDS)]
    return [min(each) for each in zip(*(map(float, run.split()) for run in runs), strict=True)]


def main() -> None:
    number = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
    print(f"{'space':16}{'first call':>16}{'second call':>16}")
    for name in SPACES:
        first, second = (number / each for each in seconds(name, number))
        print(f"{name:16}{first:>14,.0f}/s{second:>14,.0f}/s")


if __name__ == "__main__":
    main()
