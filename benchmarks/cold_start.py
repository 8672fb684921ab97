"""What a command costs before it does anything: cold processes, and as a ratio to an empty one.

    python benchmarks/cold_start.py

The least of some runs: the rest is other work on the machine.
"""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
RUNS = 15
COMMANDS = {
    "an empty process": ["-c", "pass"],
    "import spacelang": ["-c", "import spacelang"],
    "spacelang --version": ["-m", "spacelang.cli", "--version"],
    "spacelang check specs/vnni.space": ["-m", "spacelang.cli", "check", "specs/vnni.space"],
    "spacelang fmt --check specs/vnni.space": ["-m", "spacelang.cli", "fmt", "--check", "specs/vnni.space"],
    "spacelang show specs/vnni.space": ["-m", "spacelang.cli", "show", "specs/vnni.space"],
}


def seconds(arguments: list[str]) -> float:
    start = time.perf_counter()
    subprocess.run([sys.executable, *arguments], cwd=ROOT, capture_output=True, check=True)
    return time.perf_counter() - start


def main() -> None:
    empty = 0.0
    for name, arguments in COMMANDS.items():
        best = min(seconds(arguments) for _ in range(RUNS))
        empty = empty or best
        print(f"{name:42} {best * 1000:6.0f} ms  {best / empty:5.1f} ×")


if __name__ == "__main__":
    main()
