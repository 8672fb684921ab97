"""How long a running process takes to load a space, here and in another checkout, one after the other.

    python benchmarks/load.py PATH_OF_THE_OTHER_CHECKOUT

Processor time, the least of many, in turn, so that other work on the machine matters little.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parents[1]
ROUNDS = 5
PROGRAM = """
import sys, time
sys.path.insert(0, sys.argv[1])
import spacelang
assert spacelang.__file__.startswith(sys.argv[1]), spacelang.__file__
path, least = sys.argv[1] + "/specs/vnni.space", 1e9
for _ in range(30):
    begun = time.process_time()
    spacelang.load(path)
    least = min(least, time.process_time() - begun)
print(least * 1e3)
"""


def milliseconds(checkout: Path) -> float:
    command = [sys.executable, "-c", PROGRAM, str(checkout)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, env={"PYTHONPATH": str(checkout)})
    return float(done.stdout)


def main() -> None:
    other = Path(sys.argv[1]).resolve()
    pairs = [(milliseconds(other), milliseconds(HERE)) for _ in range(ROUNDS)]
    before, after = (min(each) for each in zip(*pairs, strict=True))
    print(f'spacelang.load("specs/vnni.space"): {before:.1f} ms there, {after:.1f} ms here, ratio {after / before:.2f}')


if __name__ == "__main__":
    main()
